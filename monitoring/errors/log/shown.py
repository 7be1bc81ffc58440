"""What a person reads of an error in the admin pages: its frames, and what happened before. Without queries.

Templates get pairs and no dicts with keys of programs: a local variable called `items` would hide the method.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timezone import localtime

_HOW = {"cause": "Caused by", "context": "Raised while this was handled", "group": "One of its group"}


@dataclass(frozen=True)
class Frame:
    """A call.

    Attributes:
        opened: Whether its source and variables are shown without being asked for.
        source: Numbers of lines, their texts, and whether it is the one that failed.
    """

    function: str
    file: str
    line: Any
    in_app: bool
    opened: bool
    source: Sequence[tuple[int, str, bool]]
    variables: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Raised:
    """An exception; `how` says what it is to the one before."""

    type: str
    message: str
    how: str
    frames: Sequence[Frame]


@dataclass(frozen=True)
class Crumb:
    """Something that was logged or queried before; `ahead` is how many seconds before the error."""

    at: datetime
    ahead: str
    level: str
    logger: str
    text: str


def exceptions(described: Sequence[Mapping[str, Any]]) -> list[Raised]:
    """Return exceptions as they are shown, first the one that was caught.

    Args:
        described: What `event.exceptions` yields.
    """
    return [
        Raised(one["type"], one["message"], _HOW.get(one["link"], ""), list(_frames(one["frames"])))
        for one in described
    ]


def crumbs(described: Sequence[Mapping[str, Any]], error_at: datetime) -> list[Crumb]:
    """Return what happened before, the oldest first.

    Args:
        described: What `event.crumbs` yields.
        error_at: When the error was.
    """
    shown = []
    for one in described:
        at = datetime.fromisoformat(one["timestamp"])
        ahead = f"{max(0.0, (error_at - at).total_seconds()):.3f} s"
        shown.append(Crumb(localtime(at), ahead, one["level"], one["logger"], one["text"]))
    return shown


def _frames(described: Sequence[Mapping[str, Any]]) -> Iterator[Frame]:
    """Yield frames; opened are the application's, and the innermost one."""
    for place, one in enumerate(described, start=1):
        lines = [(line["line"], line["text"], line["line"] == one["line"]) for line in one["source"]]
        variables = [(str(name), str(value)) for name, value in one["locals"].items()]
        function = ".".join(str(part) for part in (one["module"], one["function"]) if part)
        opened = one["in_app"] or place == len(described)
        yield Frame(function, str(one["file"]), one["line"], one["in_app"], opened, lines, variables)
