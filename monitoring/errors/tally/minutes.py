"""Counts of errors by minute: added to by each drain, and read over a window by alert rules."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connections, router
from django.db.models import Sum

from monitoring.conf import Config
from monitoring.errors.groups.models import ErrorGroup
from monitoring.storage import bulk, partitions
from monitoring.storage.folding import Scope
from monitoring.storage.names import OTHER

from .models import ErrorMinute

_MILLISECONDS = 60_000
_KINDS_OF_A_GROUP = 50
"""Rows that one drain adds for a group and minute; names beyond them are folded."""
_CHUNK = 500


class Key(NamedTuple):
    """What a row counts, in the order of the table's primary key."""

    start: int
    group_id: int
    severity: str
    name: str
    environment: str
    release: str


@dataclass(frozen=True)
class Tally:
    """How often errors of one kind occurred in a window.

    Attributes:
        group_id: Their group; the one that it is merged into, if it is.
        category: Member of `ErrorType`.
        error_type: Class name of the exception, or what the error is called without one, such as `csrf`.
        name: Method and route, task, or logger.
    """

    group_id: int
    service: str
    title: str
    category: str
    error_type: str
    severity: str
    name: str
    environment: str
    release: str
    count: int


def minute_of(milliseconds: int) -> int:
    """Return the epoch minute of a time."""
    return milliseconds // _MILLISECONDS


def make_room(starts: Iterable[int], scope: Scope) -> None:
    """Create the partitions that minutes need; called before the drain's transaction begins."""
    partitions.ensure(scope.connection, ErrorMinute, starts)


def add(counted: Mapping[Key, int], scope: Scope) -> None:
    """Add to the counts of minutes in one statement, inside of the drain's transaction.

    Args:
        counted: By how much. A group whose errors bear ever new names cannot make rows without end.
        scope: Whose transaction it is.
    """
    folded = Counter[Key]()
    kinds: dict[tuple[int, int], set[Key]] = defaultdict(set)
    for key in sorted(counted):
        known = kinds[key.start, key.group_id]
        bounded = key if len(known) < _KINDS_OF_A_GROUP else key._replace(name=OTHER, environment="", release="")
        known.add(bounded)
        folded[bounded] += counted[key]
    keys = sorted(folded)
    columns = list(zip(*keys, strict=True)) or [()] * len(Key._fields)
    rows: dict[str, list[int | str]] = {title: list(values) for title, values in zip(Key._fields, columns, strict=True)}
    rows["count"] = [folded[key] for key in keys]
    bulk.add(scope.connection, ErrorMinute, rows, added=["count"])


def read(first: int, end: int) -> list[Tally]:
    """Return what occurred in the epoch minutes from `first` up to, but not including, `end`.

    It takes one query for the counts, and one for each 500 groups.
    """
    alias = router.db_for_write(ErrorMinute)
    rows = ErrorMinute.objects.using(alias).filter(start__gte=first, start__lt=end).order_by()
    by = ("group_id", "severity", "name", "environment", "release")
    found = list(rows.values_list(*by).annotate(total=Sum("count")))
    groups = _groups({row[0] for row in found}, alias)
    tallies = []
    for home, severity, name, environment, release, count in found:
        group = groups.get(home)
        if group is None:  # it was given up meanwhile
            continue
        kind = group.exception_type.rpartition(".")[2] or group.error_type
        about = (group.merged_into_id or home, group.service, group.title, group.category, kind)
        tallies.append(Tally(*about, severity, name, environment or group.environment, release, count))
    return tallies


def _groups(keys: set[int], alias: str) -> dict[int, ErrorGroup]:
    ordered, found = sorted(keys), dict[int, ErrorGroup]()
    columns = ("service", "title", "category", "exception_type", "error_type", "environment", "merged_into")
    for begin in range(0, len(ordered), _CHUNK):
        rows = ErrorGroup.objects.using(alias).filter(pk__in=ordered[begin : begin + _CHUNK]).only(*columns)
        found |= {group.pk: group for group in rows}
    return found


def prune(config: Config) -> None:
    """Drop minutes beyond their retention, and prepare those of tomorrow."""
    connection, minute = connections[router.db_for_write(ErrorMinute)], int(time.time() // 60)
    partitions.drop_before(connection, ErrorMinute, minute - config.minute_retention_hours * 60)
    partitions.ensure(connection, ErrorMinute, [minute, minute + 24 * 60])
