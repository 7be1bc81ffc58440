"""Batches as the flusher makes them: 500 events each, encoded and compressed by the same code, from eight producers."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from monitoring.conf import Config
from monitoring.recording import wire
from monitoring.recording.events import Counter, Operation, Request, Task, TaskState
from monitoring.recording.flusher import encode_batch
from monitoring.recording.sender import Lane, new_producer_id

BATCH = 500
PRODUCERS = 8
_SPAN = 100_000_000  # nanoseconds that one batch covers, as a busy process flushes them
_FAILING = 0.02


class Source:
    """Makes entries of requests, or of a mix of everything, over a number of names.

    Args:
        names: How many distinct routes there are.
        at: When, in nanoseconds since the epoch, everything happens.
        mixed: Whether there are operations, tasks and counters too.
        skewed: Whether a few names get most of the traffic, as in real life; else all are equally likely.
    """

    def __init__(self, names: int, at: int, *, mixed: bool = False, skewed: bool = False) -> None:
        self._routes = [f"api/collection-{number // 20}/<uuid:pk>/action-{number % 20}/" for number in range(names)]
        self._weights = [1 / (rank + 1) for rank in range(names)] if skewed else None
        self._at = at
        self._mixed = mixed
        self._random = random.Random(names)
        self._lanes = [Lane(new_producer_id(), 2**40) for _ in range(PRODUCERS)]
        self._config = Config(service="bench")

    def entries(self, batches: int) -> Iterator[dict[str, str | bytes]]:
        """Make that many batches and give the fields of their entries."""
        for number in range(batches):
            taken = self._taken()
            lane = self._lanes[number % PRODUCERS]
            recorded = {kind.__name__.lower(): len(events) for kind, events in taken.items()}
            lane.enqueue(encode_batch(self._config, taken), recorded)
            yield lane.take().fields

    def _taken(self) -> dict[type[Any], list[Any]]:
        routes = self._random.choices(self._routes, self._weights, k=BATCH)
        if not self._mixed:
            return {Request: [self._request(route) for route in routes]}
        return {
            Request: [self._request(route) for route in routes[:300]],
            Operation: [Operation(self._time(), self._duration(), route, self._fails()) for route in routes[300:400]],
            Task: [self._task(route) for route in routes[400:450]],
            Counter: [Counter(self._time(), route, 1) for route in routes[450:]],
        }

    def _request(self, route: str) -> Request:
        status = 500 if self._fails() else 200
        return Request(self._time(), self._duration(), "GET", route, status)

    def _task(self, name: str) -> Task:
        state = TaskState.FAILURE if self._fails() else TaskState.SUCCESS
        return Task(self._time(), self._duration(), name, "designs", state, self._duration())

    def _time(self) -> int:
        return self._at + self._random.randrange(_SPAN)

    def _duration(self) -> int:
        return int(self._random.lognormvariate(-3.5, 1.0) * 1e9)

    def _fails(self) -> bool:
        return self._random.random() < _FAILING


def plain_bytes(entries: Sequence[dict[str, str | bytes]]) -> int:
    """Bytes of the entries' values, without what Redis adds."""
    return sum(len(value) for fields in entries for value in fields.values())


def is_readable(fields: dict[str, str | bytes]) -> bool:
    """Whether intake will be able to read an entry: a benchmark of dead letters would look fast."""
    raw = {key.encode(): value if isinstance(value, bytes) else value.encode() for key, value in fields.items()}
    return wire.read_payload(wire.read_head(raw), raw) is not None
