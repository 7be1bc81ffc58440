"""What people read of an error: its title, its culprit, its traceback as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

_MAX_TRACEBACK = 20_000
_LINKS = {
    "cause": "The above exception was the direct cause of the following exception:",
    "context": "During handling of the above exception, another exception occurred:",
    "group": "The above exception was in the group of the following exception:",
}


def title(kind: str, error_type: str, status: int, name: str, message: str) -> str:
    """Return the line by which people know a group."""
    first = message.strip().partition("\n")[0]
    if kind == "response":
        said = "CSRF check failed" if error_type == "csrf" else phrase(status)
        return f"{said}: {name}"[:300]
    if kind == "log":
        return (first or name)[:300]
    return (f"{error_type}: {first}" if first else error_type or f"Error in {name}")[:300]


def phrase(status: int) -> str:
    """Return a status with its name."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def culprit(chain: Sequence[Mapping[str, Any]]) -> str:
    """Return the application's innermost function, or else the innermost one."""
    frames = [frame for raised in chain[:1] for frame in raised["frames"]]
    own = [frame for frame in frames if frame[4]] or frames
    return f"{own[-1][0] or own[-1][1]}.{own[-1][2]}"[:300] if own else ""


def module(chain: Sequence[Mapping[str, Any]]) -> str:
    """Return the module in which an exception was raised."""
    frames = chain[0]["frames"] if chain else []
    return str(frames[-1][0]) if frames else ""


def traceback(chain: Sequence[Mapping[str, Any]]) -> str:
    """Return a traceback as Python prints it, without what did not travel."""
    if not chain or not chain[0]["type"]:
        return ""
    blocks = []
    for place in range(len(chain) - 1, -1, -1):
        blocks.append(_block(chain[place]))
        if place:
            blocks.append(f"\n{_LINKS.get(chain[place]['link'], _LINKS['context'])}\n")
    return "\n".join(blocks)[-_MAX_TRACEBACK:]


def _block(raised: Mapping[str, Any]) -> str:
    lines = ["Traceback (most recent call last):"] if raised["frames"] else []
    source = raised.get("source", {})
    for place, (_, file, function, line, _) in enumerate(raised["frames"]):
        lines.append(f'  File "{file}", line {line}, in {function}')
        if shown := _line(source.get(str(place)), line):
            lines.append(f"    {shown}")
    said = f": {raised['message']}" if raised["message"] else ""
    return "\n".join([*lines, f"{raised['type']}{said}"])


def _line(shown: Any, line: int) -> str:
    """Return the line of source at which a frame stood, where it travelled."""
    try:
        first, lines = shown
        return str(lines[line - first]).strip() if line >= first else ""
    except (TypeError, ValueError, IndexError):
        return ""
