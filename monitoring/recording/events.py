"""What a process can record. Measures are folded into sums; facts are kept one by one.

Durations are whole nanoseconds, times are nanoseconds since the epoch. Structs are made in half the time of tuples with
names, and those that cannot be part of a cycle need not be known to the garbage collector.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import CodeType
from typing import Any

from msgspec import Struct

UNKNOWN_DURATION = 0xFFFF_FFFF_FFFF_FFFF
"""Stands for a duration nobody could measure, such as that of a killed task."""
MAX_DURATION = 400 * 86_400 * 10**9
"""Longest duration that can be recorded, 400 days; longer ones are clamped, counted."""


class TaskState(IntEnum):
    """How an execution of a task ended, by Celery's names."""

    SUCCESS = 0
    FAILURE = 1
    RETRY = 2
    REVOKED = 3
    IGNORED = 4
    REJECTED = 5


class Request(Struct, frozen=True, gc=False):
    """A request that was answered, to its last byte."""

    at: int
    duration: int
    method: str
    route: str
    status: int


class Operation(Struct, frozen=True, gc=False):
    """A tracked piece of code that ran."""

    at: int
    duration: int
    name: str
    failed: bool


class Task(Struct, frozen=True, gc=False):
    """An execution of a Celery task; `wait` is the time from when it was due to when it started."""

    at: int
    duration: int
    name: str
    queue: str
    state: TaskState
    wait: int


class Counter(Struct, frozen=True, gc=False):
    """An increment of a counter."""

    at: int
    name: str
    value: float


class Gauge(Struct, frozen=True, gc=False):
    """A value at a moment; the latest one counts."""

    at: int
    name: str
    value: float


class Slow(Struct, frozen=True, gc=False):
    """A request, task or operation (`of`) over its threshold, with what it was about."""

    at: int
    duration: int
    of: str
    name: str
    context: Mapping[str, Any]


class Raised(Struct, frozen=True, gc=False):
    """One exception of a chain; the code and instruction offset of its frames are formatted later by the flusher."""

    type: type[BaseException]
    message: str
    codes: list[CodeType]
    offsets: list[int]


class Error(Struct, frozen=True, gc=False):
    """An exception with its causes, first the one that was caught; `key` is the same for the same place in the code."""

    at: int
    key: int
    chain: tuple[Raised, ...]
    name: str
    context: Mapping[str, Any]


class Occurrence(Struct, frozen=True, gc=False):
    """A repetition of an error whose full form was sent often enough this minute."""

    at: int
    key: int
    name: str
    trace: str


MEASURES: dict[type[Any], str] = {
    Request: "request",
    Operation: "operation",
    Task: "task",
    Counter: "counter",
    Gauge: "gauge",
}
FACTS: dict[type[Any], str] = {Slow: "slow", Error: "error", Occurrence: "occurrence"}

Event = Request | Operation | Task | Counter | Gauge | Slow | Error | Occurrence
