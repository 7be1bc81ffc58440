"""Sort the entries of a drain: batches that count, batches counted before, and dead letters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitoring.recording import wire
from monitoring.stream.streams import Entry, Stream

from . import decode, letters
from .ledger import FORGET_SECONDS, Ledger
from .models import DeadLetter

MAX_WEIGHT = 2_000_000
"""How much a drain opens: events, each fact weighing as much as `FACT_WEIGHT` measures, as its objects do in memory."""
FACT_WEIGHT = 400
ROW_WEIGHT = 100
"""The weight of a measure that becomes a row of its own."""

Refusal = tuple[str, str]
"""Why a batch becomes a dead letter whatever it holds: the reason, and the error in words."""


@dataclass
class Taken:
    """What a drain is about to commit.

    Attributes:
        entries: How many entries, from the first, were dealt with; the others are too much for one drain.
        payloads: Opened batches that count.
        letters: Batches that cannot be taken in.
        folded: Events by kind that `payloads` carry.
        lost: Events by kind that their producers recorded and that no batch carries.
        refused: Events by kind that the producers of `letters` recorded.
        away: For how many seconds some of the entries waited for Redis.
    """

    entries: int = 0
    payloads: list[wire.Payload] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    folded: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    away: int = 0


def open_entries(stream: Stream, entries: Sequence[Entry], ledger: Ledger, refusal: Refusal | None = None) -> Taken:
    """Open entries in their order and count them in the ledger.

    Args:
        stream: Where they come from.
        entries: What was read.
        ledger: Knows which batches were counted before.
        refusal: Given when these entries are to become dead letters unopened.
    """
    taken, weight = Taken(), 0
    for entry in entries:
        if weight >= MAX_WEIGHT:
            break
        taken.entries += 1
        try:
            head = wire.read_head(entry.fields)
        except wire.WireError as error:
            taken.letters.append(letters.letter(stream, entry, None, (DeadLetter.Reason.UNREADABLE, str(error))))
            continue
        taken.away = max(taken.away, head.away)
        if ledger.is_repeated(head):
            continue
        forgotten = _age_seconds(entry) > FORGET_SECONDS and not ledger.trusts(head.producer)
        grown = ledger.count(head, suspect=forgotten)
        payload, problem = (None, refusal) if refusal else _open(head, entry, forgotten=forgotten)
        if problem:
            taken.letters.append(letters.letter(stream, entry, head, problem))
            taken.refused.update(grown)
            continue
        carried = decode.counts(payload)
        taken.folded.update(carried)
        # Batch by batch: what one producer carries beyond its counts must not hide what another one lost.
        taken.lost.update(grown - carried)
        if payload is not None:
            taken.payloads.append(payload)
            rows = carried["occurrence"]
            weight += carried.total() + (FACT_WEIGHT - 1) * len(payload.records) + (ROW_WEIGHT - 1) * rows
    return taken


def _open(head: wire.Head, entry: Entry, *, forgotten: bool) -> tuple[wire.Payload | None, Refusal | None]:
    """Open one payload; return it, or why it cannot be taken in."""
    if forgotten:
        return None, (DeadLetter.Reason.FORGOTTEN, "older than a day, of a producer nothing is known of")
    try:
        payload = wire.read_payload(head, entry.fields)
        if payload is not None:
            decode.check(payload)
    except wire.NewerVersionError as error:
        return None, (DeadLetter.Reason.NEWER, str(error))
    except wire.WireError as error:
        return None, (DeadLetter.Reason.UNREADABLE, str(error))
    return payload, None


def _age_seconds(entry: Entry) -> float:
    """Seconds since Redis took the entry in, by its id; 0 where the id tells nothing."""
    milliseconds = entry.id.partition(b"-")[0]
    return time.time() - int(milliseconds) / 1000 if milliseconds.isdigit() else 0.0
