"""Somebody who recovers: reads what a process asks for as it travels, and leaves an outcome for each request."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.recording import wire
from monitoring.recovery.callers import outcomes
from monitoring.recovery.callers.places import places
from monitoring.stream import streams
from monitoring.stream.connection import connect

SUCCEEDED = {
    "attempted": True,
    "success": True,
    "message": "Recovery successful: Circuit Break",
    "actions": [{"strategy": "circuit_break", "success": True}],
    "outcome": None,
}
FAILED = {
    "attempted": True,
    "success": False,
    "message": "Nothing was done, because nothing can act here.",
    "actions": [],
    "outcome": None,
}


class Recoverer(threading.Thread):
    """Answers each request with one outcome; `asked` holds the requests, `seen` the errors that came before them."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        config = get_config()
        self.outcome, self.config = outcome, config
        self.asked: list[dict[str, Any]] = []
        self.seen: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        client = connect(self.config.redis_url, 5.0, 1)
        stream = streams.Stream(self.config.stream_prefix, 0, streams.FACTS)
        while not self.over.is_set():
            if not streams.wait(client, stream, 0.1):
                continue
            for one in streams.read(client, stream, 500, 10**7):
                self._take(client, one)
                streams.delete(client, stream, [one.id])
        client.close()

    def _take(self, client: Any, one: streams.Entry) -> None:
        payload = wire.read_payload(wire.read_head(one.fields), one.fields)
        records = payload.records if payload is not None else []
        self.seen += [record.values["id"] for record in records if record.kind == "error"]
        for record in records:
            if record.kind == "recovery":
                known = record.values["error_id"] in self.seen or record.values["trigger"] in {"manual", "preventive"}
                assert known, "the error comes before, or with it"
                self.asked.append(record.values)
                key = outcomes.key(self.config.stream_prefix, record.values["error_id"])
                client.lpush(key, json.dumps(self.outcome))


@contextmanager
def _recovering(outcome: dict[str, Any]) -> Iterator[Recoverer]:
    one = Recoverer(outcome)
    one.start()
    try:
        yield one
    finally:
        one.over.set()
        one.join(10)


@pytest.fixture
def recovering(redis_client: Any) -> Callable[[dict[str, Any]], Any]:
    return _recovering


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    places.forget()
    yield
    places.forget()
