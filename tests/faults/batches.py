"""Producers of tests: they number and encode with the real sender, and put entries into streams by hand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.db.models import Sum

from monitoring.conf import get_config
from monitoring.performance.models import DurationTotal, MinuteRollup
from monitoring.recording import wire
from monitoring.recording.events import FACTS as FACT_KINDS
from monitoring.recording.events import MEASURES as MEASURE_KINDS
from monitoring.recording.events import Event, Operation, Slow
from monitoring.recording.flusher import encode_batch
from monitoring.recording.sender import Lane, new_producer_id
from monitoring.storage.names import Name
from monitoring.stream.streams import MEASURES
from tests.pipeline import client, stream

LABELS: dict[type[Any], str] = {**MEASURE_KINDS, **FACT_KINDS}
Fields = Mapping[str, str | bytes]


def operations(count: int, name: str = "work", *, at: int | None = None, milliseconds: float = 5.0) -> list[Event]:
    """Return events: `name` ran that often."""
    moment = time.time_ns() if at is None else at
    return [Operation(moment, int(milliseconds * 1e6), name, False) for _ in range(count)]


def slow(name: str = "work", **context: Any) -> Event:
    """Return a slow sample."""
    return Slow(time.time_ns(), 60 * 10**9, "operation", name, context)


class Source:
    """One producer on one stream."""

    def __init__(self, lane: str = MEASURES, *, shard: int = 0) -> None:
        self.stream = stream(lane, shard)
        self.lane = Lane(new_producer_id(), 10**9)

    @property
    def id(self) -> str:
        """The producer's id."""
        return self.lane.producer

    def batch(self, *events: Event, dropped: Mapping[str, int] | None = None, goodbye: bool = False) -> Fields:
        """Number and encode a batch; return the fields of its entry."""
        taken: dict[type[Any], list[Event]] = {}
        for event in events:
            taken.setdefault(type(event), []).append(event)
        recorded = Counter({LABELS[kind]: len(found) for kind, found in taken.items()})
        recorded.update(dropped or {})
        data = encode_batch(get_config(), taken) if taken else b""
        self.lane.enqueue(data, recorded, goodbye=goodbye)
        return self.lane.take().fields

    def send(self, *events: Event, id: str = "*", goodbye: bool = False) -> bytes:  # noqa: A002
        """Put a batch of events into the stream; return its id there."""
        return self.put(self.batch(*events, goodbye=goodbye), id=id)

    def put(self, fields: Mapping[Any, Any], id: str = "*") -> bytes:  # noqa: A002
        """Put an entry into the stream as it is."""
        return put(fields, self.stream.key, id)


def put(fields: Mapping[Any, Any], key: str, id: str = "*") -> bytes:  # noqa: A002
    """Put an entry into a stream as it is."""
    redis_client = client()
    answer: bytes = redis_client.xadd(key, dict(fields), id=id)
    redis_client.close()
    return answer


def with_payload(fields: Fields, payload: wire.Payload) -> dict[str, str | bytes]:
    """Return an entry's fields with another payload."""
    return {**fields, "d": wire.encode_payload(payload)}


def opened(fields: Fields) -> wire.Payload:
    """Return an entry's payload."""
    encoded = {key.encode(): value.encode() if isinstance(value, str) else value for key, value in fields.items()}
    payload = wire.read_payload(wire.read_head(encoded), encoded)
    assert payload is not None
    return payload


def arrived(name: str = "work", kind: str = "operation") -> int:
    """Return how often a name was counted; its minutes and its total must agree."""
    ids = list(Name.objects.filter(kind=kind, name=name).values_list("pk", flat=True))
    minutes = MinuteRollup.objects.filter(name_id__in=ids).aggregate(n=Sum("count"))["n"] or 0
    total = DurationTotal.objects.filter(name_id__in=ids).aggregate(n=Sum("count"))["n"] or 0
    assert minutes == total, f"{name}: {minutes} by minutes, {total} in all"
    return int(minutes)


def waiting(lane: str = MEASURES) -> int:
    """Return how many entries wait in the stream."""
    redis_client = client()
    length: int = redis_client.xlen(stream(lane).key)
    redis_client.close()
    return length
