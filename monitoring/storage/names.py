"""Names of requests, operations, tasks and metrics, stored once and referred to by number."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from . import bulk

OTHER = "<other>"
"""What stands for all names beyond the limits."""
_BATCH = 500
_CHUNK = 5_000
_COLUMNS = ("kind", "service", "name")
_MAX_CACHED = 200_000

Key = tuple[str, str, str]
"""Kind, service, name."""


class Name(models.Model):
    """What rows of rollups and metrics are about."""

    kind = models.CharField(max_length=20)
    service = models.CharField(max_length=200)
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "service", "name"], name="monitoring_name_unique")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


_cache: dict[str, dict[Key, int]] = {}


def lookup(connection: BaseDatabaseWrapper, keys: Iterable[Key]) -> dict[Key, int]:
    """Return the numbers of those names that are stored already."""
    known = _cache.setdefault(str(connection.settings_dict["NAME"]), {})
    wanted = set(keys)
    found = {key: known[key] for key in wanted if key in known}
    fresh = _select(connection, sorted(wanted - found.keys()))
    _remember(connection, fresh)
    return found | fresh


def intern(connection: BaseDatabaseWrapper, keys: Iterable[Key], limit: int) -> tuple[dict[Key, int], int]:
    """Return the number of every name, storing those that are new.

    Args:
        connection: The write database.
        keys: The names.
        limit: How many names of one kind are stored in all; what is beyond gets the number of `<other>`.

    Returns:
        The numbers, and how many names were folded into `<other>`.
    """
    wanted = set(keys)
    found = lookup(connection, wanted)
    missing = sorted(wanted - found.keys())
    if not missing:
        return found, 0
    standing: dict[Key, Key] = {}
    for kind, group in groupby(missing, key=lambda key: key[0]):
        room = limit - Name.objects.using(connection.alias).filter(kind=kind).count()
        standing |= {key: key if place < room else (kind, key[1], OTHER) for place, key in enumerate(group)}
    stored = sorted(set(standing.values()))
    rows = [Name(kind=kind, service=service, name=name) for kind, service, name in stored]
    Name.objects.using(connection.alias).bulk_create(rows, ignore_conflicts=True, batch_size=_BATCH)
    fresh = _select(connection, stored)
    _remember(connection, fresh)
    folded = sum(key != other for key, other in standing.items())
    return found | {key: fresh[other] for key, other in standing.items()}, folded


def _select(connection: BaseDatabaseWrapper, keys: list[Key]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for kind, group in groupby(keys, key=lambda key: key[0]):
        of_kind = list(group)
        for first in range(0, len(of_kind), _CHUNK):
            chunk = of_kind[first : first + _CHUNK]
            columns = dict(zip(_COLUMNS, map(list, zip(*chunk, strict=True)), strict=True))
            rows = bulk.fetch(connection, Name, columns, [*_COLUMNS, "id"])
            found |= {(kind, service, name): pk for _, service, name, pk in rows}
    return found


def _remember(connection: BaseDatabaseWrapper, fresh: dict[Key, int]) -> None:
    if connection.in_atomic_block:  # may yet be rolled back
        return
    known = _cache.setdefault(str(connection.settings_dict["NAME"]), {})
    if len(known) + len(fresh) > _MAX_CACHED:
        known.clear()
    known |= fresh


def forget() -> None:
    """Forget every cached number; for whoever empties tables behind this module's back."""
    _cache.clear()
