"""A database connection for one look, beside those that threads keep: it gives up early."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def own_connection(alias: str, seconds: float) -> Iterator[BaseDatabaseWrapper]:
    """Open a connection of this thread's own, which gives up early, and close it.

    Args:
        alias: The connection in Django's `DATABASES` whose settings it takes.
        seconds: After which it should give up, where the driver can.
    """
    connection = connections[alias].copy()
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    if connection.vendor == "postgresql":
        options.pop("pool", None)
        milliseconds = int(seconds * 1000)
        options |= {"connect_timeout": max(2, math.ceil(seconds)), "tcp_user_timeout": milliseconds}
    elif connection.vendor == "sqlite":
        options["timeout"] = seconds
    try:
        yield connection
    finally:
        connection.close()
