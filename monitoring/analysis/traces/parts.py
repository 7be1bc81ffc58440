"""What a trace is made of, and the tree it becomes. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class PartKind(StrEnum):
    """What a part of a trace is."""

    REQUEST = "request"
    OPERATION = "operation"
    CLIENT = "client"
    TASK = "task"


class EventKind(StrEnum):
    """What happened at a moment of a trace."""

    ERROR = "error"
    LINE = "line"
    SLOW = "slow"
    INCIDENT = "incident"
    ENTRY = "entry"


@dataclass(frozen=True)
class Part:
    """Something that took time: a request, an operation, an outgoing call, or an execution of a task.

    Attributes:
        id: Unique in its trace, for whatever its span id is: that comes from messages.
        start: When it began, by the clock of its host.
        duration: Seconds; None while it runs, or where nobody could measure it.
        parent_span_id: The span that it came of; empty for none.
        parent_task_id: The task that published it, as Celery has it.
        origin: Name of what published it.
        state: Of a task how it ended, `STARTED` while it runs.
        about: What else is known of it.
    """

    id: str
    kind: PartKind
    name: str
    service: str
    start: datetime
    duration: float | None
    span_id: str = ""
    parent_span_id: str = ""
    request_id: str = ""
    task_id: str = ""
    parent_task_id: str = ""
    origin: str = ""
    state: str = ""
    status: int = 0
    failed: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Node:
    """A part in its place.

    Attributes:
        parent: Id of the node above it; None for the first of a tree.
        parent_unknown: Whether it came of something of which nothing is kept.
        depth: How many nodes are above it.
        start: When it began, after what it came of.
        adjusted: Seconds by which its start was put off for that, as clocks of hosts differ.
        self_time: Seconds in which nothing of what came of it ran; None where its duration is unknown.
    """

    part: Part
    start: datetime
    parent: str | None = None
    parent_unknown: bool = False
    depth: int = 0
    children: list[str] = field(default_factory=list)
    adjusted: float = 0.0
    self_time: float | None = None

    @property
    def id(self) -> str:
        """The part's."""
        return self.part.id


@dataclass(frozen=True)
class Event:
    """Something that happened at a moment.

    Attributes:
        id: Of an error, incident or entry its own.
        span_id: The span that it happened in, as far as it was told.
        level: Of a line its level, of an error or incident its severity.
        node: Id of the part that it belongs to; None where that is unknown.
    """

    kind: EventKind
    at: datetime
    name: str
    text: str = ""
    service: str = ""
    id: str = ""
    level: str = ""
    span_id: str = ""
    request_id: str = ""
    task_id: str = ""
    node: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
