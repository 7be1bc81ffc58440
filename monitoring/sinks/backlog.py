"""What waits for a sink: added by drains, bounded by bytes. Beyond its bound the oldest goes, counted."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Count, F, Min, Sum

from monitoring.conf import Config
from monitoring.storage.folding import Scope

from .models import SinkBatch, SinkState
from .records import Packed

_LOOK_SECONDS = 5.0
_ROOM = 0.9
"""So much of the bound is left when something had to go, so that not every drain has to make room."""
_CHUNK = 200
_looked: dict[tuple[str, str], tuple[float, int]] = {}
"""When this process last looked how much waits for a sink, and how much that was, by database and sink."""


@dataclass(frozen=True)
class Waiting:
    """What waits for a sink.

    Attributes:
        since: Since when the oldest of it does.
    """

    batches: int = 0
    events: int = 0
    bytes: int = 0
    since: datetime | None = None


def add(sink: str, packed: Sequence[Packed], config: Config, scope: Scope) -> None:
    """Write what is to be sent, and make room where too much waits; inside of the drain's transaction."""
    alias = scope.connection.alias
    now = datetime.fromtimestamp(scope.now / 1000, UTC)
    SinkBatch.objects.using(alias).bulk_create(
        [SinkBatch(sink=sink, body=one.body, size=len(one.body), events=one.events, created=now) for one in packed]
    )
    if _grown(sink, sum(len(one.body) for one in packed), alias) > config.sink_backlog_bytes:
        trim(sink, config.sink_backlog_bytes, alias)


def waiting(alias: str) -> dict[str, Waiting]:
    """Return what waits, by the kinds of sinks for which something does."""
    rows = SinkBatch.objects.using(alias).order_by().values("sink")
    found = rows.annotate(batches=Count("id"), records=Sum("events"), bytes=Sum("size"), since=Min("created"))
    return {row["sink"]: Waiting(row["batches"], row["records"], row["bytes"], row["since"]) for row in found}


def trim(sink: str, most: int, alias: str) -> int:
    """Drop the oldest of what waits for a sink, if it is more than may.

    Args:
        sink: Kind of the sink.
        most: Bytes that may wait.
        alias: The database.

    Returns:
        How many records were dropped.
    """
    rows = SinkBatch.objects.using(alias).filter(sink=sink)
    size = rows.aggregate(size=Sum("size"))["size"] or 0
    dropped = 0
    while size > most * _ROOM and (size > most or dropped):
        with transaction.atomic(using=alias):
            oldest = list(rows.order_by("id").select_for_update(skip_locked=True).only("id", "size", "events")[:_CHUNK])
            going, gone = [], 0
            for row in oldest:
                if size <= most * _ROOM:
                    break
                size, gone = size - row.size, gone + row.events
                going.append(row.pk)
            if not going:  # others are at it
                break
            rows.filter(pk__in=going).delete()
            count(sink, alias, dropped=gone)
            dropped += gone
    _looked[alias, sink] = (time.monotonic(), size)
    return dropped


def ensure(sinks: Iterable[str], alias: str) -> None:
    """Make sure that sinks have rows that say how it goes with them."""
    wanted = set(sinks)
    there = set(SinkState.objects.using(alias).filter(pk__in=wanted).values_list("pk", flat=True))
    if missing := sorted(wanted - there):
        SinkState.objects.using(alias).bulk_create([SinkState(sink=one) for one in missing], ignore_conflicts=True)


def count(sink: str, alias: str, *, sent: int = 0, refused: int = 0, dropped: int = 0) -> None:
    """Count records by what became of them, inside of the transaction that deletes them."""
    ensure([sink], alias)
    SinkState.objects.using(alias).filter(pk=sink).update(
        sent=F("sent") + sent, refused=F("refused") + refused, dropped=F("dropped") + dropped
    )


def _grown(sink: str, added: int, alias: str) -> int:
    """Return how much waits, which is looked up now and then."""
    now = time.monotonic()
    looked, size = _looked.get((alias, sink), (now - _LOOK_SECONDS, 0))
    if now - looked >= _LOOK_SECONDS:
        rows = SinkBatch.objects.using(alias).filter(sink=sink)
        looked, size, added = now, rows.aggregate(size=Sum("size"))["size"] or 0, 0
    _looked[alias, sink] = (looked, size + added)
    return size + added
