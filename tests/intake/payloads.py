"""Batches written by hand, which no recorder would send."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from monitoring.intake.models import DeadLetter
from monitoring.recording import wire
from monitoring.recording.wire import Payload, Record, Segment, column
from monitoring.stream.streams import MEASURES
from tests.faults.batches import Source
from tests.pipeline import drain_all

NOW = time.time_ns


def dead_letters() -> list[str]:
    drain_all()
    return sorted(DeadLetter.objects.values_list("reason", flat=True))


def operation_columns(rows: int = 1, **changed: Any) -> dict[str, wire.Column]:
    columns = {
        "name": column("I", [0] * rows),
        "at": column("I", [0] * rows),
        "duration": column("Q", [5] * rows),
        "failed": column("B", [0] * rows),
    }
    return {title: values for title, values in (columns | changed).items() if values is not None}


def payload_of(*segments: Segment, records: tuple[Record, ...] = (), base: int | None = None, **more: Any) -> Payload:
    return Payload("enginel", NOW() if base is None else base, {}, list(segments), list(records), **more)


def put_payload(payload: Payload, counts: Mapping[str, int], lane: str = MEASURES) -> Source:
    source = Source(lane)
    source.lane.enqueue(wire.encode_payload(payload), counts)
    source.put(source.lane.take().fields)
    return source
