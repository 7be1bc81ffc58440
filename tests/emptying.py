"""Emptying the database after a test whose transactions were real: only what holds rows, in a tenth of the time.

Django's own way truncates every table there is, and then makes content types and permissions anew; they stay here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def empty(_test: Any) -> None:
    """Delete the rows of all tables; it stands in for `TransactionTestCase._fixture_teardown`."""
    for connection in connections.all(initialized_only=True):
        _empty(connection)


def _empty(connection: BaseDatabaseWrapper) -> None:
    tables = _tables(str(connection.settings_dict["NAME"]), connection.alias)
    quote = connection.ops.quote_name
    asked = ", ".join(f"EXISTS (SELECT 1 FROM {quote(table)})" for table in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")
        row = cursor.fetchone() or ()
        filled = [quote(table) for table, holds in zip(tables, row, strict=True) if holds]
        if not filled:
            return
        postgres = connection.vendor == "postgresql"
        # Whoever refers to whom does not matter where nothing is left.
        cursor.execute("SET session_replication_role = replica" if postgres else "PRAGMA foreign_keys = OFF")
        # The journal's entries are let go where retention has let go of them.
        cursor.execute("UPDATE monitoring_streamhead SET pruned = 9000000000000000")
        try:
            for table in sorted(filled, key=lambda table: "streamhead" in table):
                cursor.execute(f"DELETE FROM {table}")
        finally:
            cursor.execute("SET session_replication_role = DEFAULT" if postgres else "PRAGMA foreign_keys = ON")


@lru_cache(maxsize=8)
def _tables(_name: str, alias: str) -> tuple[str, ...]:
    """Return the tables of a database; those that a test makes besides, it drops itself."""
    connection = connections[alias]
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - _KEPT))
