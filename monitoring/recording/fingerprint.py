"""Fingerprints: what errors of one cause have in common. Pure functions over what travels of an error.

An exception is known by its root, which is what its explicit causes lead to, and by the innermost function of the
application on the way there. Line numbers, routes and messages take no part where there are frames, so that neither an
edit above nor an id in a text opens a new group. Versions are never changed, only added: a group that is known by an
older one stays.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

INNERMOST = 1
"""So many functions of the application tell one cause from another. With each further one, callers of one broken helper
fall apart more often than causes are told apart: see `docs/errors.md`, and the corpus in `tests/errors/grouping`."""
_VARIABLE = re.compile(
    r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\b[0-9a-fA-F]{16,}\b|'[^']*'|\"[^\"]*\"|\d+"
)
_MADE_UP = re.compile(r"(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}|\d{4,}")
_COMPREHENSION = re.compile(r"\.<locals>\.<(?:list|set|dict)comp>")
_RECURSION = "RecursionError"
_NO_MODULE = ("", "__main__")
_MAX_MESSAGE, _MAX_FUNCTIONS = 500, 20_000


def of_response(error_type: str, status: int, url: str) -> str:
    """Return the fingerprint of a response without an exception, by the documented formula.

    Args:
        error_type: `csrf`, or the status as text.
        status: HTTP status.
        url: Route, or normalised path.
    """
    return _digest(f"{error_type}:{status}:{url}")


def normalise(message: str) -> str:
    """Return a message without what differs from time to time: numbers, addresses, ids and quoted values."""
    return _VARIABLE.sub("#", message[:_MAX_MESSAGE])


def current(values: Mapping[str, Any]) -> str:
    """Return the fingerprint of an error by the current version.

    Args:
        values: The error as it travels.
    """
    return every(values)[0]


def every(values: Mapping[str, Any]) -> list[str]:
    """Return the fingerprints of an error by every version, the current one first."""
    explicit = values.get("explicit")
    if explicit:
        return [_digest("explicit:" + json.dumps(explicit))]
    if values.get("kind") == "response":
        return [of_response(str(values.get("error_type")), int(values.get("status") or 0), str(values.get("route")))]
    return [version(values) for version in reversed(VERSIONS)]


def _first(values: Mapping[str, Any]) -> str:
    chain = values.get("chain") or [{}]
    root, frames = _root(chain)
    kind = _MADE_UP.sub("#", str(root.get("type", "")))
    own = [frame for frame in frames if frame[4]]
    where = "" if own else str(values.get("name"))
    functions = [_function(frame[0], frame[1], frame[2]) for frame in own or frames]
    places = _recurring(functions) if kind == _RECURSION else _distinct(functions)[-INNERMOST:]
    said = "" if functions else normalise(str(root.get("message", "")))
    if values.get("kind") == "log":
        where = str(values.get("logger"))
        said = normalise(str(values.get("template") or "")) or str(values.get("statement", ""))
    return _digest("\n".join(["1", kind, where, said, *places]))


VERSIONS: list[Callable[[Mapping[str, Any]], str]] = [_first]
"""Every algorithm there ever was, the oldest first."""


def _root(chain: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], list[Sequence[Any]]]:
    """Return the exception that explicit causes lead to, and the frames from the outermost to where it was raised.

    The frames of a cause begin where it was caught; what called that is found in those of its effect.
    """
    root, frames = chain[0], list(chain[0].get("frames") or [])
    for raised in chain[1:]:
        if raised.get("link") not in ("cause", "group"):
            break
        inner = list(raised.get("frames") or [])
        if inner:
            frames = _above(frames, inner[0]) + inner
        root = raised
    return root, frames


def _above(frames: Sequence[Sequence[Any]], catcher: Sequence[Any]) -> list[Sequence[Any]]:
    """Return the frames above the function that caught an exception; none where it is not among them."""
    for place in range(len(frames) - 1, -1, -1):
        if list(frames[place][:3]) == list(catcher[:3]):
            return list(frames[:place])
    return []


@lru_cache(maxsize=_MAX_FUNCTIONS)
def _function(module: str, file: str, name: str) -> str:
    """Return the module and name of a frame's function, wherever its file lies and whatever was made up of them.

    Comprehensions are frames of their own up to Python 3.11, and their function's from then on.
    """
    if module in _NO_MODULE:
        module = re.split(r"[/\\]", file)[-1]
    return _MADE_UP.sub("#", f"{module}.{_COMPREHENSION.sub('', name)}")


def _distinct(functions: Sequence[str]) -> list[str]:
    """Return functions once each, in the order in which they were last entered: how deep recursion was is no matter."""
    return list(reversed(dict.fromkeys(reversed(functions))))


def _recurring(functions: Sequence[str]) -> list[str]:
    """Return the functions of an endless recursion: in which of them it ends is chance."""
    return sorted(name for name, count in Counter(functions).items() if count > 1) or _distinct(functions)[-INNERMOST:]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
