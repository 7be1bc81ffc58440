"""Taking what waits for a sink, and noting what became of it: rows that are deleted once they are settled.

One sender at a time holds a sink's lease. Who dies in the middle leaves rows that the next one sends again, so that a
record arrives at least once.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from . import backlog
from .base import Report
from .models import MAX_PROBLEM, SinkBatch, SinkState
from .records import Packed, Record, pack

LEASE_SECONDS = 90.0
"""Longer than one attempt can take; who is gone for so long is replaced."""
_FIRST_PAUSE, _MOST_PAUSE, _MOST_RETRY_AFTER = 5.0, 300.0, 3_600.0
_MOST_TOGETHER = 1_000
"""Records that are sent at once, of as many rows as that takes."""
_MOST_BYTES = 512 * 1024
"""Compressed."""


@dataclass(frozen=True)
class Load:
    """Some rows that are sent together.

    Attributes:
        rows: In the order in which they are sent.
        records: What each of them holds.
    """

    rows: list[SinkBatch]
    records: list[list[Record]]

    @property
    def all(self) -> list[Record]:
        """Return the records of all rows."""
        return [record for one in self.records for record in one]

    def without(self, settled: int) -> Load:
        """Return a single row without its first records."""
        return Load(self.rows, [self.records[0][settled:]])


def open_to_all(alias: str, now: datetime) -> set[str]:
    """Return the sinks for which something waits, that nobody is sending to, and that need not be left alone."""
    waiting = set(SinkBatch.objects.using(alias).order_by().values_list("sink", flat=True).distinct())
    barred = Q(leased_until__gt=now) | Q(paused_until__gt=now)
    return waiting - set(SinkState.objects.using(alias).filter(barred, pk__in=waiting).values_list("pk", flat=True))


class Turn:
    """Somebody's turn to send to a sink. Whatever is written of the sink is so only while it is held.

    Args:
        sink: Kind of the sink.
        alias: The database.
    """

    def __init__(self, sink: str, alias: str) -> None:
        self._sink, self._alias = sink, alias
        self._mine = uuid.uuid4()
        self.failures = 0

    def begin(self, now: datetime) -> bool:
        """Take the turn, unless somebody has it or the sink is to be left alone; return whether it is taken."""
        backlog.ensure([self._sink], self._alias)
        free = Q(leased_until=None) | Q(leased_until__lte=now)
        rested = Q(paused_until=None) | Q(paused_until__lte=now)
        rows = SinkState.objects.using(self._alias).filter(free, rested, pk=self._sink)
        if not rows.update(lease=self._mine, leased_until=now + timedelta(seconds=LEASE_SECONDS)):
            return False
        self.failures = self._state().values_list("failures", flat=True).get()
        return True

    def keep(self, now: datetime) -> bool:
        """Go on; return whether it is still held: who was held up for long has lost it."""
        return bool(self._state().update(leased_until=now + timedelta(seconds=LEASE_SECONDS)))

    def end(self) -> None:
        """Let others have their turn."""
        self._state().update(lease=None, leased_until=None)

    def take(self) -> list[SinkBatch]:
        """Take what is sent next, counting that it was tried: what ends its sender must not be tried for ever.

        Rows that were tried before are sent by themselves, after those that were not.
        """
        rows = self._rows()
        waiting = rows.order_by("tries", "id").only("id", "tries", "size", "events", "sink")[:_MOST_TOGETHER]
        first: list[SinkBatch] = []
        size = events = 0
        for row in waiting.iterator(chunk_size=100):
            size, events = size + row.size, events + row.events
            if first and (row.tries or events > _MOST_TOGETHER or size > _MOST_BYTES):
                break
            first.append(row)
            if row.tries:
                break
        chosen = [row.pk for row in first]
        rows.filter(pk__in=chosen).update(tries=F("tries") + 1)
        return list(rows.filter(pk__in=chosen).order_by("tries", "id"))

    def spare(self, load: Load) -> None:
        """Forget that rows were tried this time."""
        self._rows().filter(pk__in=[row.pk for row in load.rows]).update(tries=F("tries") - 1)
        for row in load.rows:
            row.tries -= 1

    def settle(self, load: Load, report: Report, now: datetime) -> None:
        """Delete what is settled, and count it in the same transaction."""
        left, settled = report.settled, 0
        if not left:
            return
        with transaction.atomic(using=self._alias, durable=True):
            for row, records in zip(load.rows, load.records, strict=True):
                mine = self._rows().filter(pk=row.pk, tries=row.tries)
                if left >= len(records):
                    gone = mine.delete()[0]
                    settled += len(records) if gone else 0
                elif left > 0 and self._shorten(mine, row, records[left:]):
                    settled += left
                left -= min(left, len(records))
            refused = min(report.refused, settled)
            backlog.count(self._sink, self._alias, sent=settled - refused, refused=refused)
            if settled - refused:
                SinkState.objects.using(self._alias).filter(pk=self._sink).update(sent_at=now)
        if refused:
            self._change(refused_problem=report.problem[:MAX_PROBLEM])

    def give_up(self, row: SinkBatch, events: int, problem: str) -> None:
        """Delete a row that cannot be sent, counting its records as refused."""
        with transaction.atomic(using=self._alias, durable=True):
            if self._rows().filter(pk=row.pk).delete()[0]:
                backlog.count(self._sink, self._alias, refused=events)
        self._change(refused_problem=problem[:MAX_PROBLEM])

    def halve(self, row: SinkBatch, records: Sequence[Record], tries: int) -> None:
        """Replace a row by two with half of its records each, so that the one at fault is found.

        Args:
            row: One that was taken.
            records: What of it is not settled, two at least.
            tries: How often the halves count as tried.
        """
        middle = len(records) // 2
        pieces: list[Packed] = [*pack(records[:middle]), *pack(records[middle:])]
        with transaction.atomic(using=self._alias, durable=True):
            if self._rows().filter(pk=row.pk).delete()[0]:
                SinkBatch.objects.using(self._alias).bulk_create(
                    SinkBatch(
                        sink=self._sink,
                        body=one.body,
                        size=len(one.body),
                        events=one.events,
                        tries=tries,
                        created=row.created,
                    )
                    for one in pieces
                )

    def passed(self) -> None:
        """Forget former failures."""
        if self.failures:
            self._change(failures=0, paused_until=None, problem="")
        self.failures = 0

    def failed(self, problem: str, retry_after: float | None, now: datetime) -> None:
        """Leave the sink alone for a while: twice as long each time, and never all at once.

        Args:
            problem: What went wrong, without secrets.
            retry_after: Seconds for which it wants to be left alone, if it said so; an hour at most.
            now: The current time.
        """
        self.failures += 1
        most = min(_FIRST_PAUSE * 2 ** min(self.failures - 1, 30), _MOST_PAUSE)
        pause = min(max(retry_after or 0.0, random.uniform(most / 2, most)), _MOST_RETRY_AFTER)  # noqa: S311
        self._change(
            failures=self.failures,
            paused_until=now + timedelta(seconds=pause),
            problem=problem[:MAX_PROBLEM],
            failed_at=now,
        )

    def _shorten(self, mine: QuerySet[SinkBatch], row: SinkBatch, records: Sequence[Record]) -> bool:
        """Keep of a row only what is not settled."""
        (packed,) = pack(records)
        return bool(mine.update(body=packed.body, size=len(packed.body), events=packed.events, tries=row.tries))

    def _change(self, **values: object) -> None:
        self._state().update(**values)

    def _rows(self) -> QuerySet[SinkBatch]:
        return SinkBatch.objects.using(self._alias).filter(sink=self._sink)

    def _state(self) -> QuerySet[SinkState]:
        return SinkState.objects.using(self._alias).filter(pk=self._sink, lease=self._mine)
