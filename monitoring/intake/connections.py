"""The connections of a drain: the write database, and Redis with room for a blocking read."""

from __future__ import annotations

from functools import lru_cache

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.stream.connection import Client, connect

from .models import Cursor

_CONNECTIONS = 32
_TIMEOUT = 10.0


def write_connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to the database that drains write."""
    return connections[router.db_for_write(Cursor)]


@lru_cache(maxsize=4)
def reading_client(url: str) -> Client:
    """Return this process's client for reading streams; its timeout is above that of any blocking read."""
    return connect(url, _TIMEOUT, _CONNECTIONS)
