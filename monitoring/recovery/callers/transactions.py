"""Whether a transaction is open around a caller.

Inside of one nothing is called again, nobody waits while its locks are held, and the exception goes on: an answer in
its place would have what was written by halves committed.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections


def inside() -> bool:
    """Whether a database of this thread is in a transaction; never that of a `TestCase`, which production has not."""
    if not settings.configured:
        return False
    return any(_is_open(connection) for connection in connections.all(initialized_only=True))


inside_async = sync_to_async(inside, thread_sensitive=True)
"""The same for async code, which has its transactions on the thread that its sync code runs on."""


def _is_open(connection: Any) -> bool:
    if connection.in_atomic_block:
        blocks = connection.atomic_blocks
        return not blocks or any(not getattr(block, "_from_testcase", False) for block in blocks)
    return connection.connection is not None and not connection.autocommit
