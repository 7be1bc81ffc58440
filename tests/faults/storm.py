"""A storm of errors as processes send it: batches in which most errors are repetitions, encoded before it begins."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitoring.recording import fingerprint, wire
from monitoring.recording.columns import occurrences, server_errors
from monitoring.recording.events import Occurrence, ServerError
from monitoring.recording.raised import describe
from monitoring.recording.sender import Lane, new_producer_id

PROCESSES = 8
IN_FULL = 10
"""Errors of one place in the code that a process sends in full within a minute."""
BATCH = 500
_ENVIRONMENT, _RELEASE = "production", "1.0"
_PERSONS = 5_000
_KINDS: Sequence[tuple[str, dict[str, Any]]] = (
    ("critical", {"type": "MemoryError", "status": 500}),
    ("high", {"type": "TimeoutError", "status": 500}),
    ("medium", {"type": "shop.Refused", "status": 422, "severity": "medium"}),
    ("low", {"type": "shop.Missing", "status": 404}),
)
Fields = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Place:
    """A place in the code that fails, and so a group of errors.

    Attributes:
        severity: How bad its errors are.
        weight: How often it fails, compared with others.
    """

    number: int
    severity: str
    status: int
    weight: int
    values: Mapping[str, Any]
    fingerprint: str

    @property
    def route(self) -> str:
        """The route that leads there."""
        return f"api/orders/{self.number}/"


@dataclass
class Storm:
    """What is sent, and what has to come of it.

    Attributes:
        service: In whose name.
        entries: Entries of the stream of facts, in their order.
        counts: Errors by route, which is as good as by group.
        in_full: How many travel in full.
    """

    service: str
    places: list[Place]
    entries: list[Fields] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    in_full: int = 0


def make(errors: int, groups: int, service: str = "shop") -> Storm:
    """Encode a storm.

    Args:
        errors: How many.
        groups: In so many places, of the four severities in turn.
        service: That fails.
    """
    storm = Storm(service, [_place(number, service) for number in range(groups)])
    chance = random.Random(2026)
    weights = [place.weight for place in storm.places]
    lanes = [Lane(new_producer_id(), 2**40) for _ in range(PROCESSES)]
    full = [Counter[int]() for _ in lanes]
    for number, begin in enumerate(range(0, errors, BATCH)):
        process = number % PROCESSES
        chosen = chance.choices(storm.places, weights, k=min(BATCH, errors - begin))
        storm.counts.update(f"POST {place.route}" for place in chosen)
        storm.entries.append(_batch(chosen, full[process], lanes[process], chance, storm))
    return storm


def _place(number: int, service: str) -> Place:
    severity, about = _KINDS[number % len(_KINDS)]
    kind = about["type"]
    frames = [
        [f"{service}.views", f"/srv/{service}/views.py", "order", 12, True],
        [f"{service}.stock", f"/srv/{service}/stock.py", f"step_{number}", 7, True],
    ]
    chain = [
        {"type": kind, "mro": [kind, "Exception"], "message": f"shelf {number} is empty", "link": "", "frames": frames}
    ]
    name = f"POST api/orders/{number}/"
    values = {"kind": "exception", "name": name, "status": about["status"], "chain": chain, "context": {}}
    if "severity" in about:
        values["severity"] = about["severity"]
    known = fingerprint.current(values)
    describe.remember(number, known)
    return Place(number, severity, about["status"], 1 + number % 9, {**values, "fingerprint": known}, known)


def _batch(chosen: Sequence[Place], full: Counter[int], lane: Lane, chance: random.Random, storm: Storm) -> Fields:
    """Encode what a process sends at once."""
    at = time.time_ns()
    records, repeated, failed = list[wire.Record](), list[Occurrence](), list[ServerError]()
    for place in chosen:
        error_id, trace, person = chance.getrandbits(128), f"{chance.getrandbits(128):032x}", chance.randrange(_PERSONS)
        client, user = f"198.51.{person >> 8}.{person & 255}", str(person)
        full[place.number] += 1
        if full[place.number] <= IN_FULL:
            said = {"id": f"{error_id:032x}", "client": client, "user": user}
            records.append(wire.Record("error", at, {**place.values, **said}))
        else:
            name = f"POST {place.route}"
            repeated.append(Occurrence(at, place.number, error_id, name, place.status, trace, user, client))
        if place.status >= 500:
            failed.append(ServerError(at, "POST", place.route, place.status, client, trace, user, error_id))
    base = at - 3600 * 10**9
    segments = list(_segments(repeated, failed, base))
    payload = wire.Payload(storm.service, base, {"release": _RELEASE, "environment": _ENVIRONMENT}, segments, records)
    kinds = {"error": len(records), "occurrence": len(repeated), "server_error": len(failed)}
    storm.in_full += len(records)
    lane.enqueue(wire.encode_payload(payload), {kind: count for kind, count in kinds.items() if count})
    return lane.waiting.pop().fields


def _segments(repeated: Sequence[Occurrence], failed: Sequence[ServerError], base: int) -> Iterator[wire.Segment]:
    if repeated:
        yield occurrences(repeated, base, Counter())
    if failed:
        yield server_errors(failed, base, Counter())
