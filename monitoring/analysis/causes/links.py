"""What an error's chain is made of, and what is said of it. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LinkKind(StrEnum):
    """What a link of a chain is."""

    REQUEST = "request"
    TASK = "task"
    SLOW = "slow"
    QUERY = "query"
    DEPENDENCY = "dependency"
    ERROR = "error"


@dataclass(frozen=True)
class Link:
    """One thing that happened within the trace of an error.

    Attributes:
        id: Unique in its chain: of a task or an error its own id.
        kind: What it is.
        name: Method and route, task, dependency, or the type of an error.
        at: When it began; of an error when it occurred; None where nobody knows.
        parent: Id of the link that it happened within; None for the first.
        failed: Whether it failed.
        text: What else is known of it: a state, a statement, a message.
    """

    id: str
    kind: LinkKind
    name: str
    at: datetime | None = None
    parent: str | None = None
    failed: bool = False
    text: str = ""


@dataclass(frozen=True)
class Clue:
    """Something that was wrong at the time of an error.

    Attributes:
        source: What tells of it: `health`, `circuit`, `finding` or `errors`.
        name: What was wrong.
        at: Since when.
        words: What was wrong with it.
        until: Until when, where it is over.
    """

    source: str
    name: str
    at: datetime
    words: str
    until: datetime | None = None


class By(StrEnum):
    """What a cause is concluded from, the strongest first."""

    TRACE = "trace"
    TIME = "time"
    CODE = "code"


@dataclass(frozen=True)
class Cause:
    """What failed first.

    Attributes:
        kind: `dependency`, `component` or `code`.
        name: Such as `payments`, `database`, or the function in which it was raised.
        at: Since when it failed, as far as anything tells.
        by: `trace`: an error of the chain itself came of it; `time`: it was wrong at the same time, and nothing of the
            chain says that it had to do with it; `code`: nothing points anywhere else.
        words: All of that in a sentence.
    """

    kind: str
    name: str
    at: datetime
    by: By
    words: str


@dataclass(frozen=True)
class Causes:
    """An error's chain and cause.

    Attributes:
        first_failing: What failed first.
        chain: What happened within the trace, each link after the one above it.
        clues: What else was wrong at the time, the first first.
        truncated: Whether the chain is longer than what is shown.
    """

    error_id: str
    trace_id: str
    at: datetime
    first_failing: Cause
    chain: list[Link] = field(default_factory=list)
    clues: list[Clue] = field(default_factory=list)
    truncated: bool = False
