"""Dead letters made of real entries."""

from __future__ import annotations

import time
from typing import Any

from monitoring.intake import letters
from monitoring.intake.models import DeadLetter
from monitoring.recording import wire
from monitoring.stream.streams import MEASURES, Entry, Stream


def make_letter(events: int = 3, *, at: int = 0, broken: bool = False, **values: Any) -> DeadLetter:
    """Store a batch of operations as a dead letter; a broken one cannot be opened."""
    columns = {
        "name": wire.column("I", [0] * events),
        "at": wire.column("I", [0] * events),
        "duration": wire.column("Q", [10**9] * events),
        "failed": wire.column("B", [0] * events),
    }
    segment = wire.Segment("operation", events, ["replayed"], columns)
    payload = wire.encode_payload(wire.Payload("enginel", at or time.time_ns(), {}, [segment], []))
    if broken:
        payload = payload[:-5]
    fields = wire.entry("abc123", 7, {"operation": events}, payload)
    encoded = {name.encode(): part.encode() if isinstance(part, str) else part for name, part in fields.items()}
    entry = Entry(b"1-1", encoded)
    problem = (DeadLetter.Reason.REFUSED, "DataError: out of range")
    letter = letters.letter(Stream("enginel", 0, MEASURES), entry, wire.read_head(encoded), problem)
    for name, value in values.items():
        setattr(letter, name, value)
    letter.save()
    return letter
