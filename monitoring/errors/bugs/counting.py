"""How often bugs occurred: what a drain counted of their groups is added to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.errors.groups.models import ErrorGroup
from monitoring.storage.folding import Scope

from .models import KnownBug

_POSTGRESQL = """
UPDATE {bug} AS bug SET occurrence_count = bug.occurrence_count + counted.added,
  last_occurrence = GREATEST(bug.last_occurrence, counted.last)
FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS counted(id, added, last) WHERE bug.id = counted.id
"""
_SQLITE = """
UPDATE {bug} SET occurrence_count = occurrence_count + %s, last_occurrence = MAX(last_occurrence, %s) WHERE id = %s
"""
_BUGS = """
SELECT home.id, bug.id FROM {group} AS home
JOIN {bug} AS bug ON bug.group_id = COALESCE(
  (SELECT root.group_id FROM {bug} AS root WHERE root.group_id = home.merged_into_id), home.id)
WHERE home.id IN ({ids}) ORDER BY bug.id {lock}
"""


def add(scope: Scope, counted: Mapping[int, tuple[int, int]]) -> None:
    """Add occurrences to the bugs of groups, those of merged groups to the root's bug; groups without one cost nothing.

    Args:
        scope: The drain, whose connection has the transaction; the groups' own counts were written in it.
        counted: By home group how many, and when the last one was, in milliseconds since the epoch.
    """
    connection = scope.connection
    sums: dict[int, tuple[int, int]] = {}
    for home, bug in _bugs(connection, sorted(counted)):
        added, last = sums.get(bug, (0, 0))
        sums[bug] = added + counted[home][0], max(last, counted[home][1])
    if sums:
        _write(connection, sums)


def _bugs(connection: BaseDatabaseWrapper, homes: list[int]) -> list[tuple[int, int]]:
    """Return which bug each group has; on PostgreSQL they are locked in the order of their ids."""
    postgresql = connection.vendor == "postgresql"
    ids = "SELECT unnest(%s::bigint[])" if postgresql else "SELECT value FROM json_each(%s)"
    statement = _named(_BUGS, ids=ids, lock="FOR UPDATE OF bug" if postgresql else "")
    with connection.cursor() as cursor:
        cursor.execute(statement, [homes if postgresql else json.dumps(homes)])
        return list(cursor.fetchall())


def _write(connection: BaseDatabaseWrapper, sums: Mapping[int, tuple[int, int]]) -> None:
    lasts = [datetime.fromtimestamp(last / 1000, UTC) for _, last in sums.values()]
    added = [count for count, _ in sums.values()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_named(_POSTGRESQL), [list(sums), added, lasts])
            return
        moments = [connection.ops.adapt_datetimefield_value(last) for last in lasts]
        cursor.executemany(_named(_SQLITE), list(zip(added, moments, sums, strict=True)))


def _named(statement: str, **parts: str) -> str:
    return statement.format(bug=KnownBug._meta.db_table, group=ErrorGroup._meta.db_table, **parts)
