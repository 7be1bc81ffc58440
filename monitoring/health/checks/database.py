"""Is the database there, does it take writes, and has it connections left?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.component import Check, Outcome, Status
from monitoring.storage.own_connection import own_connection

_FULL = 0.9
_POSTGRESQL = """
SELECT current_setting('server_version'), (SELECT sum(numbackends) FROM pg_stat_database),
       current_setting('max_connections')::int,
       pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool
"""


@dataclass(frozen=True)
class Database(Check):
    """Connects anew and asks. `alias` is the connection in Django's `DATABASES`."""

    id: str = "database"
    component: str = "database"
    alias: str = "default"

    inline: ClassVar[bool] = True

    def run(self) -> Outcome:
        """Connect, and look at what the server says of itself."""
        if (missing := _missing_file(self.alias)) is not None:
            return missing
        with own_connection(self.alias, self.time_limit) as connection:
            if connection.vendor == "postgresql":
                return self._postgresql(connection)
            with connection.cursor() as cursor:
                # Reading the schema finds a file that is no database; a plain `SELECT 1` does not.
                cursor.execute("SELECT count(*) FROM sqlite_master" if connection.vendor == "sqlite" else "SELECT 1")
                cursor.fetchone()
            version = ".".join(map(str, connection.get_database_version()))
        return Outcome(Status.HEALTHY, "Database connection OK", {"version": version})

    def _postgresql(self, connection: BaseDatabaseWrapper) -> Outcome:
        with connection.cursor() as cursor:
            cursor.execute(_POSTGRESQL)
            version, used, most, read_only = cursor.fetchone()
        details = {"version": version, "connections": int(used or 0), "max_connections": most}
        details |= _pool(self.alias)
        if read_only:
            return Outcome(Status.UNHEALTHY, "The database takes no writes", details)
        if details["connections"] >= _FULL * most:
            message = f"{details['connections']} of {most} database connections are in use"
            return Outcome(Status.DEGRADED, message, details)
        return Outcome(Status.HEALTHY, "Database connection OK", details)


def _missing_file(alias: str) -> Outcome | None:
    """Find out that SQLite's file is gone, before connecting would create an empty one."""
    connection: Any = connections[alias]
    if connection.vendor != "sqlite" or connection.is_in_memory_db() or Path(connection.settings_dict["NAME"]).exists():
        return None
    return Outcome(Status.UNHEALTHY, "The database file does not exist")


def _pool(alias: str) -> dict[str, Any]:
    """Say how this process's pool is used, where the project has one."""
    connection: Any = connections[alias]
    if not connection.settings_dict["OPTIONS"].get("pool"):
        return {}
    figures = connection.pool.get_stats()
    names = ("pool_size", "pool_available", "pool_max", "requests_waiting")
    return {"pool": {name: figures.get(name, 0) for name in names}}
