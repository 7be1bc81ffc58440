"""Names of requests, operations, tasks and metrics, stored once and referred to by number."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

OTHER = "<other>"
"""What stands for all names beyond the limits."""
_CHUNK = 500
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


def intern(connection: BaseDatabaseWrapper, keys: Iterable[Key]) -> dict[Key, int]:
    """Return the number of every name, storing those that are new."""
    wanted = set(keys)
    found = lookup(connection, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        rows = [Name(kind=kind, service=service, name=name) for kind, service, name in missing]
        Name.objects.using(connection.alias).bulk_create(rows, ignore_conflicts=True, batch_size=_CHUNK)
        fresh = _select(connection, missing)
        _remember(connection, fresh)
        found |= fresh
    return found


def _select(connection: BaseDatabaseWrapper, keys: list[Key]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    rows = Name.objects.using(connection.alias)
    for (kind, service), group in groupby(keys, key=lambda key: key[:2]):
        names = [name for _, _, name in group]
        for first in range(0, len(names), _CHUNK):
            chunk = rows.filter(kind=kind, service=service, name__in=names[first : first + _CHUNK])
            found |= {(kind, service, name): pk for pk, name in chunk.values_list("pk", "name")}
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
