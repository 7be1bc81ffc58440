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

MAX_TASK_ID = 150
"""Characters of a task's id that are kept: Celery's have 36."""


class TaskState(IntEnum):
    """How an execution of a task ended, by Celery's names."""

    SUCCESS = 0
    FAILURE = 1
    RETRY = 2
    REVOKED = 3
    IGNORED = 4
    REJECTED = 5


class TriedOf(IntEnum):
    """What clients try. The values travel, and stand in the database.

    Attributes:
        PATH: A path that was missing.
        PROBE: One that was missing, and that scanners ask for.
        FAILED: Signing in to an account, in vain.
        SIGNED_IN: Signing in to an account, with success.
        REFUSED: A token that was refused.
        USED: A token that was taken.
    """

    PATH = 0
    PROBE = 1
    FAILED = 2
    SIGNED_IN = 3
    REFUSED = 4
    USED = 5


class Request(Struct, frozen=True, gc=False):
    """A request that was answered, to its last byte. `only` says who it is for, and whether it failed: see `facets`."""

    at: int
    duration: int
    method: str
    route: str
    status: int
    only: int = 0


class Operation(Struct, frozen=True, gc=False):
    """A tracked piece of code that ran."""

    at: int
    duration: int
    name: str
    failed: bool


class Sent(Struct, frozen=True, gc=False):
    """A message that was published for a task."""

    at: int
    name: str
    queue: str


class Received(Struct, frozen=True, gc=False):
    """A message for a task that a worker took from its queue."""

    at: int
    name: str
    queue: str


class Started(Struct, gc=False):
    """An execution of a Celery task that began.

    It travels only where its end does not travel with it: `ended` says that it is over, `open` that it was sent as one
    that is not, so that the end has to say which it ends. `message` is Celery's request.
    """

    at: int
    name: str
    queue: str
    task_id: str
    late: bool
    message: Any
    ended: bool = False
    open: bool = False


class Task(Struct, frozen=True, gc=False):
    """An execution of a Celery task that ended, or a task that will not be executed.

    `wait` is the time from when it was due to when it started; `exception` the name of the class it failed with.
    What a worker's main process knows of a child's execution has no `start`, only the task's id.
    """

    at: int
    duration: int
    name: str
    queue: str
    state: TaskState
    wait: int
    exception: str = ""
    start: Started | None = None
    task_id: str = ""


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
    """One exception of a chain; its frames are made readable later, by the flusher.

    `link` says how the one before came of it: as its `cause`, its `context`, or the `group` that holds it.
    """

    type: type[BaseException]
    message: str
    frames: tuple[list[CodeType], list[int], list[str]]
    link: str = ""


class Run(Struct, frozen=True, gc=False):
    """A run of a task that is kept, with all that is known of it."""

    at: int
    values: Mapping[str, Any]


class ScheduledRun(Struct, frozen=True, gc=False):
    """Something that happened to a run of an entry of beat's schedule: it was published, it started, or it ended.

    `origin` is the beat that published it, `worker` who ran it, empty while nobody does; `rank` grows with each thing
    that can happen to a run, retries included; `published` and `started` are 0 where nobody knows.
    """

    at: int
    entry: str
    task_id: str
    task: str
    queue: str
    origin: str
    worker: str
    state: str
    rank: int
    published: int = 0
    started: int = 0


class Message(Struct, frozen=True, gc=False):
    """The message of a task that started, so that it can be sent again; or that it is settled, and of no more use.

    `body` is its JSON, or empty with a `problem` that says why; `arguments` are its arguments as people may see them.
    """

    at: int
    name: str
    task_id: str
    body: str = ""
    arguments: str = ""
    problem: str = ""
    settled: bool = False


class Error(Struct, frozen=True, gc=False):
    """An error in full: an exception with its causes, a response of 4xx or 5xx without one, or a line that was logged.

    Attributes:
        at: When.
        key: The same for the same place in the code.
        error_id: What people are shown, 128 bits.
        kind: `exception`, `response` or `log`.
        name: What failed: method and route, a task, or a logger.
        chain: The exceptions, first the one that was caught.
        context: What the caller said of it, and the ids of the request or task.
        about: What else is known at once: `route`, `status`, `severity`, `error_type`, `handled`, `template`, ….
        request: What was taken of the request, to be made readable by the flusher.
        crumbs: What was logged and queried before.
        local: Local variables of the innermost frame, if they are wanted.
        detailed: Whether it travels with lines of source.
    """

    at: int
    key: int
    error_id: int
    kind: str
    name: str
    chain: tuple[Raised, ...]
    context: Mapping[str, Any]
    about: Mapping[str, Any]
    request: Any = None
    crumbs: tuple[Any, ...] = ()
    local: Any = None
    detailed: bool = False


class Amendment(Struct, frozen=True, gc=False):
    """What became known of an error after it was recorded."""

    at: int
    error_id: int
    values: Mapping[str, Any]


class Occurrence(Struct, frozen=True, gc=False):
    """A repetition of an error whose full form was sent often enough this minute."""

    at: int
    key: int
    error_id: int
    name: str
    status: int
    trace: str
    user: str
    client: str
    service: str = ""


class ServerError(Struct, frozen=True, gc=False):
    """A request that was answered with 5xx, whether or not its error is logged: what clients are judged by.

    `error_id` is 0 where no error was recorded.
    """

    at: int
    method: str
    route: str
    status: int
    client: str
    trace: str
    user: str
    error_id: int


class Acted(Struct, frozen=True, gc=False):
    """A staff member acted from an address."""

    at: int
    client: str


class Alert(Struct, frozen=True, gc=False):
    """What a condition in code made of an error: the alert as channels are told it."""

    at: int
    values: Mapping[str, Any]


class Call(Struct, frozen=True, gc=False):
    """A call to a dependency through its circuit.

    Attributes:
        name: Of the circuit.
        flags: Bits: 1 it failed, 2 it was slow, 4 it was refused because the circuit is open, 8 a trial begins, whose
            end another event tells of.
        permit: Number of the half-open grant by which it was let through; 0 for none.
    """

    at: int
    duration: int
    name: str
    flags: int
    permit: int = 0


class CircuitDeclared(Struct, frozen=True, gc=False):
    """Code uses a circuit, and gives its thresholds."""

    at: int
    name: str
    options: Mapping[str, Any]


class RecoveryRequest(Struct, frozen=True, gc=False):
    """Somebody asks for the recovery of an error that was recorded before it.

    Attributes:
        error_id: The error's id as 32 hexadecimal digits.
        trigger: `middleware`, `decorator`, `context`, `manual` or `preventive`.
        waits: Whether the caller waits for the answer.
    """

    at: int
    error_id: str
    trigger: str
    waits: bool = False


class Line(Struct, frozen=True, gc=False):
    """A line of the log that is kept, so that it can be followed by its ids.

    Attributes:
        level: By logging's numbers.
        logger: Its name.
        text: What it says.
        ids: Those of what runs: `trace_id`, `span_id`, `request_id`, `task_id`, `task`, `user_id`; those there are.
        fields: What else was bound to it or given with it.
    """

    at: int
    level: int
    logger: str
    text: str
    ids: Mapping[str, str]
    fields: Mapping[str, Any]


class Span(Struct, frozen=True, gc=False):
    """One request, operation or outgoing call of a trace that is kept. Tasks are told of by their runs.

    Attributes:
        at: When it began.
        of: `request`, `operation` or `client`.
        trace: W3C trace id, 32 hexadecimal digits.
        span: Its own id, 16 hexadecimal digits.
        parent: Id of the span around it, empty for none.
        status: Of the response, 0 for none.
        about: What else is known: `request_id`, `user_id`, `task_id`, `path`, `method`, `host`, ….
    """

    at: int
    duration: int
    of: str
    name: str
    trace: str
    span: str
    parent: str
    status: int
    failed: bool
    about: Mapping[str, Any]


class Entry(Struct, frozen=True, gc=False):
    """Something for the journal that no transaction of the database tells of.

    Attributes:
        entry_id: Its own id, 128 bits.
        stream: `audit`, `business` or `security`.
        action: What was done, such as `user.login`.
        values: `outcome`, `actor`, `target_type`, `target_id`, `client`, the ids of what runs, `details`; those known.
    """

    at: int
    entry_id: int
    stream: str
    action: str
    values: Mapping[str, Any]


class Visit(Struct, frozen=True, gc=False):
    """What one client asked of this process since the last time this was told: counts, not single requests.

    Attributes:
        client: Its address.
        requests: So many were answered.
        missing: So many of them with 404.
        denied: So many with 401 or 403.
    """

    at: int
    client: str
    requests: int
    missing: int
    denied: int


class Tried(Struct, frozen=True, gc=False):
    """Something that a client tried since the last time this was told: so that distinct ones can be counted.

    Attributes:
        client: Its address.
        of: One of `TriedOf`.
        what: A path, an account, or the beginning of a token's digest; scrubbed and bounded.
        count: How often.
    """

    at: int
    client: str
    of: int
    what: str
    count: int


MEASURES: dict[type[Any], str] = {
    Request: "request",
    Operation: "operation",
    Sent: "sent",
    Received: "received",
    Started: "started",
    Task: "task",
    Counter: "counter",
    Gauge: "gauge",
    Call: "call",
    Visit: "visit",
    Tried: "tried",
}
FACTS: dict[type[Any], str] = {
    Slow: "slow",
    Run: "run",
    ScheduledRun: "scheduled",
    Message: "message",
    Error: "error",
    Amendment: "amendment",
    Occurrence: "occurrence",
    ServerError: "server_error",
    Acted: "acted",
    Alert: "alert",
    RecoveryRequest: "recovery",
    CircuitDeclared: "circuit",
    Line: "line",
    Span: "span",
    Entry: "entry",
}

Measure = Request | Operation | Sent | Received | Started | Task | Counter | Gauge | Call | Visit | Tried
Told = Slow | Run | ScheduledRun | Message | Acted | Alert | RecoveryRequest | CircuitDeclared | Line | Span | Entry
Fact = Told | Error | Amendment
Event = Measure | Fact | Occurrence | ServerError
