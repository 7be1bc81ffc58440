"""Fold entries in memory and commit them in one short transaction.

What makes an event count once is its producer's sequence, stored with its effect. The cursor's version, read first and
bumped in the transaction, makes sure that of two drainers one starts over.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from monitoring.conf import Config
from monitoring.recording import wire
from monitoring.storage import bulk
from monitoring.storage.folding import Scope, Write
from monitoring.stream.streams import Entry, Stream

from . import decode, letters, outage
from .collection import uncollected
from .consumers import CONSUMERS, KINDS, add_totals
from .ledger import Known, Ledger
from .models import Cursor, DeadLetter, Producer
from .opening import Refusal, Taken, open_entries

_FUTURE_MILLISECONDS = 5_000
_LATE_MILLISECONDS = 3_600_000
_LEAST_ENTRIES = 100


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps of a drain."""


@dataclass
class Pace:
    """How many entries are worth reading at once: of a backlog a commit may take a part, and all that is read is held.

    Attributes:
        entries: So many; None where nothing is known yet.
        behind: Whether the last drain left entries that were there.
    """

    entries: int | None = None
    behind: bool = False

    def most(self, limit: int) -> int:
        """Return how many to read, given how many may be."""
        return limit if self.entries is None else min(limit, self.entries)

    def note(self, most: int, read: int, taken: int) -> None:
        """Learn of one drain, which read up to `most` and took some: the next one reads up to twice of that."""
        self.entries = max(_LEAST_ENTRIES, 2 * taken)
        self.behind = taken < read or read >= most


@dataclass(frozen=True)
class Intake:
    """Where one stream is taken in to.

    Attributes:
        connection: The write database.
        config: This installation's settings.
        stream: The stream.
        step: Called with the name of each step before it happens; tests end the process there.
        due: What has become due with what was committed.
        pace: How much is read at once.
    """

    connection: BaseDatabaseWrapper
    config: Config
    stream: Stream
    step: Callable[[str], None] = no_step
    due: set[str] = field(default_factory=set)
    pace: Pace = field(default_factory=Pace)

    @property
    def label(self) -> str:
        """Name of the stream in the database."""
        return f"{self.stream.shard}:{self.stream.lane}"


class OvertakenError(Exception):
    """Another drainer committed first; start over."""


@uncollected
def commit(intake: Intake, entries: Sequence[Entry], refusal: Refusal | None = None) -> int:
    """Fold entries and commit them.

    Args:
        intake: Where to.
        entries: In the order of the stream.
        refusal: Given when they are to become dead letters unopened.

    Returns:
        How many entries, from the first, were dealt with; the others are too much for one commit.

    Raises:
        OvertakenError: Another drainer committed first; nothing is committed.
        DatabaseError: Nothing is known to be committed.
    """
    intake.step("read the cursor")
    version = read_version(intake)
    ledger = Ledger(_known(intake, entries))
    intake.step("fold")
    taken = open_entries(intake.stream, entries, ledger, refusal)
    taken.letters = letters.unstored(intake.connection.alias, taken.letters)
    if not ledger.changed and not taken.letters:
        return taken.entries
    scope = new_scope(intake)
    scope.away = max(taken.away, outage.seconds())
    scope.noted["entries_unreadable"] = sum(not dead.producer for dead in taken.letters)
    writes = fold(taken.payloads, scope, intake.config)
    writes += _totals(taken, scope, intake.config.service)
    intake.step("begin")
    with transaction.atomic(using=intake.connection.alias, durable=not intake.config.eager):
        bump(intake, version)
        intake.step("write the rows")
        write_all(writes, scope, intake.config.service)
        intake.step("write the sequences")
        _store(intake, ledger.changed, scope.now)
        DeadLetter.objects.using(intake.connection.alias).bulk_create(taken.letters)
        intake.step("commit")
    if scope.away:
        outage.ended()
    intake.due.update(scope.due)
    intake.step("delete")
    return taken.entries


def new_scope(intake: Intake) -> Scope:
    """Return the surroundings of a drain that begins now."""
    now = time.time_ns() // 1_000_000
    config, stream = intake.config, intake.stream
    limits = (config.names_per_minute, config.names_in_all, config.metrics_series)
    return Scope(intake.connection, stream.shard, stream.lane, now, *limits)


def fold(payloads: Sequence[wire.Payload], scope: Scope, config: Config) -> list[Write]:
    """Fold payloads by every consumer, and return what writes the rows."""
    kept = config.minute_retention_hours * 3_600_000
    bounds = decode.Bounds(scope.now - kept + _LATE_MILLISECONDS, scope.now + _FUTURE_MILLISECONDS)
    decoded = decode.gather(payloads, bounds)
    scope.noted.update(decoded.noted)
    return [write for consume in CONSUMERS for write in consume(decoded.measures, decoded.facts, scope)]


def write_all(writes: Sequence[Write], scope: Scope, service: str) -> None:
    """Write rows, and count what is noted only when they are written; inside of the drain's transaction."""
    before = Counter(scope.noted)
    for write in writes:
        write()
    late = {(service, note, 0): float(count) for note, count in (scope.noted - before).items()}
    for write in add_totals("intake", late, scope):
        write()


def _totals(taken: Taken, scope: Scope, service: str) -> list[Write]:
    """Count what was folded, lost, refused and clamped, as totals since ever."""
    outcomes = {"folded": taken.folded, "lost": taken.lost, "refused": taken.refused}
    grown: dict[tuple[str, str, int], float] = defaultdict(float)
    for outcome, by_kind in outcomes.items():
        for kind, count in by_kind.items():
            # What a producer calls its kinds must not make names without end.
            grown[service, f"events_{outcome}:{kind if kind in KINDS else 'other'}", 0] += count
    grown = {key: count for key, count in grown.items() if count}
    grown |= {(service, note, 0): float(count) for note, count in scope.noted.items() if count}
    return add_totals("intake", grown, scope)


def read_version(intake: Intake) -> int:
    """Return a stream's version, creating its cursor if there is none."""
    cursors = Cursor.objects.using(intake.connection.alias)
    found = cursors.filter(pk=intake.label).values_list("version", flat=True).first()
    if found is not None:
        return found
    cursors.bulk_create([Cursor(stream=intake.label)], ignore_conflicts=True)
    return 0


def bump(intake: Intake, version: int) -> None:
    """Bump a stream's version by compare-and-set, inside of a transaction.

    Raises:
        OvertakenError: The version is no longer the one that was read.
    """
    cursors = Cursor.objects.using(intake.connection.alias)
    if not cursors.filter(pk=intake.label, version=version).update(version=version + 1):
        raise OvertakenError(intake.label)


def _known(intake: Intake, entries: Sequence[Entry]) -> dict[str, Known]:
    """Read the last sequences of the producers of these entries."""
    named = {entry.fields.get(b"p", b"").decode("ascii", "replace")[:40] for entry in entries}
    ids = sorted(name for name in named if name.isalnum())
    rows = Producer.objects.using(intake.connection.alias).filter(stream=intake.label)
    known: dict[str, Known] = {}
    for first in range(0, len(ids), 500):
        found = rows.filter(producer__in=ids[first : first + 500]).values_list("producer", "sequence", "counts")
        known |= {producer: Known(sequence, counts) for producer, sequence, counts in found}
    return known


def _store(intake: Intake, changed: Mapping[str, Known], now: int) -> None:
    """Move the sequences."""
    if changed:
        seen = intake.connection.ops.adapt_datetimefield_value(datetime.fromtimestamp(now / 1000, UTC))
        rows: dict[str, list[Any]] = {
            "producer": list(changed),
            "stream": [intake.label] * len(changed),
            "sequence": [known.sequence for known in changed.values()],
            "counts": [json.dumps(dict(known.counts)) for known in changed.values()],
            "seen": [seen] * len(changed),
        }
        bulk.put(intake.connection, Producer, rows)
