"""Errors as they travel, made by hand."""

from __future__ import annotations

import time
from collections import Counter
from random import getrandbits
from typing import Any

from monitoring.recording import wire
from monitoring.recording.columns import occurrences
from monitoring.recording.events import Occurrence
from monitoring.recording.raised import describe
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


def now() -> int:
    return time.time_ns()


def error(function: str = "buy", *, at: int = 0, message: str = "out of bolts", **values: Any) -> wire.Record:
    """Return an error of a function, in full."""
    frames = [
        ["shop.views", "/srv/shop/views.py", "order", 12, True],
        ["shop.stock", "/srv/shop/stock.py", function, 7, True],
    ]
    chain = [
        {
            "type": "shop.OutOfStock",
            "mro": ["shop.OutOfStock", "LookupError", "Exception"],
            "message": message,
            "link": "",
            "frames": frames,
        }
    ]
    known = {
        "id": f"{getrandbits(128):032x}",
        "kind": "exception",
        "name": "POST orders/",
        "status": 500,
        "chain": chain,
        "context": {},
    }
    return wire.Record("error", at or now(), known | values)


def repetition(fingerprint: str, *, at: int = 0, user: str = "", name: str = "POST orders/") -> Occurrence:
    """Return a repetition of an error whose fingerprint is known."""
    key = hash(fingerprint)
    describe.remember(key, fingerprint)
    return Occurrence(at or now(), key, getrandbits(128), name, 500, "", user, "198.51.100.7")


class Shop:
    """A service that fails."""

    def __init__(self, *, shard: int = 0, release: str = "1.0", service: str = "enginel") -> None:
        self.source = Source(FACTS, shard=shard)
        self.release, self.service = release, service

    def fields(self, *events: wire.Record | Occurrence) -> Any:
        """Number a batch; return the fields of its entry."""
        records = [event for event in events if isinstance(event, wire.Record)]
        repeated = [event for event in events if isinstance(event, Occurrence)]
        base = now() - 48 * HOUR
        segments = [occurrences(repeated, base, Counter())] if repeated else []
        origin = {"release": self.release, "environment": "production"}
        payload = wire.Payload(self.service, base, origin, segments, records)
        kinds: dict[str, int] = {}
        for record in records:
            kinds[record.kind] = kinds.get(record.kind, 0) + 1
        if repeated:
            kinds["occurrence"] = len(repeated)
        self.source.lane.enqueue(wire.encode_payload(payload), kinds)
        return self.source.lane.take().fields

    def send(self, *events: wire.Record | Occurrence) -> None:
        """Put a batch into the stream."""
        self.source.put(self.fields(*events))
