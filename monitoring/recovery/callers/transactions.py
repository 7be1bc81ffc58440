"""Whether a transaction is open around a caller; never without Django.

Inside of one nothing is called again, nobody waits while its locks are held, and the exception goes on: an answer in
its place would have what was written by halves committed.
"""

from __future__ import annotations

from typing import Any

from monitoring.recovery.databases import connections


def inside() -> bool:
    """Whether a database of this thread is in a transaction; never that of a `TestCase`, which production has not."""
    found = connections()
    return found is not None and any(_is_open(connection) for connection in found.all(initialized_only=True))


async def inside_async() -> bool:
    """Return the same for async code, which has its transactions on the thread that its sync code runs on."""
    if connections() is None:
        return False
    from asgiref.sync import sync_to_async

    return await sync_to_async(inside, thread_sensitive=True)()


def _is_open(connection: Any) -> bool:
    if connection.in_atomic_block:
        blocks = connection.atomic_blocks
        return not blocks or any(not getattr(block, "_from_testcase", False) for block in blocks)
    return connection.connection is not None and not connection.autocommit
