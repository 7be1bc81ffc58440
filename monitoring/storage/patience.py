"""For how long a transaction waits for others: one that waits without end holds up the thread that it runs in."""

from __future__ import annotations

from django.db import connections


def limit_waiting(alias: str, seconds: float) -> None:
    """Let the transaction that is under way fail, rather than wait longer than this for a lock.

    On SQLite the connection's own `timeout` says that already.

    Args:
        alias: The database.
        seconds: For each lock.
    """
    connection = connections[alias]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{int(seconds * 1000)}ms"])
