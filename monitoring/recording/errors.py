"""Exceptions as facts: captured as tuples where they happen, formatted on the flusher's thread."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from types import CodeType
from typing import Any

from . import scrub
from .context import Context
from .events import Error, Event, Occurrence, Raised

_MAX_CHAIN, _MAX_FRAMES, _MAX_KEYS = 5, 100, 5_000


class Limiter:
    """Decides, by place in the code, whether an error still travels in full this minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: OrderedDict[int, list[int]] = OrderedDict()

    def admits(self, key: int, now: int) -> bool:
        """Count one error of `key` at `now` (nanoseconds) and say whether it is within the limit."""
        minute = now // 60_000_000_000
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= _MAX_KEYS:
                self._seen.popitem(last=False)
            self._seen[key] = [minute, 1]
            return True
        if seen[0] != minute:
            seen[0], seen[1] = minute, 0
        seen[1] += 1
        return seen[1] <= self._per_minute


def capture(exception: BaseException, name: str, limiter: Limiter, context: Context | None) -> Event:
    """Turn an exception into an event, in full or, if its place in the code raises too often, as an occurrence.

    Args:
        exception: As caught, with its traceback.
        name: Route, task or operation it ended.
        limiter: Counts the errors of this process.
        context: The request or task it happened in, if any.
    """
    now = time.time_ns()
    frames, key = _frames(exception)
    if not limiter.admits(key, now):
        return Occurrence(now, key, name, context.trace_id if context is not None else "")
    chain = [Raised(type(exception), _message(exception), frames)]
    cause = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
    while cause is not None and len(chain) < _MAX_CHAIN:
        chain.append(Raised(type(cause), _message(cause), _frames(cause)[0]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return Error(now, key, tuple(chain), name, context.describe() if context is not None else {})


def _frames(exception: BaseException) -> tuple[tuple[tuple[CodeType, int], ...], int]:
    """Return the traceback's code objects and instruction offsets, and a key of this process for that place."""
    frames: list[tuple[CodeType, int]] = []
    place: list[int] = [id(type(exception))]
    step = exception.__traceback__
    while step is not None and len(frames) < _MAX_FRAMES:
        code, offset = step.tb_frame.f_code, step.tb_lasti
        frames.append((code, offset))
        place += (id(code), offset)
        step = step.tb_next
    return tuple(frames), hash(tuple(place))


def _message(exception: BaseException) -> str:
    try:
        return str(exception)[:2_000]
    except Exception:  # a broken __str__ costs the message, not the event
        return "<unprintable>"


_stable: OrderedDict[int, str] = OrderedDict()


def stable_key(key: int) -> str:
    """Return the key of a place in the code that every process shares, or an empty string if it is forgotten."""
    return _stable.get(key, "")


def describe(event: Error) -> dict[str, Any]:
    """Format an error for the wire: type, message, frames as (file, function, line), chain, and its stable key."""
    chain = [
        {"type": _type_name(raised.type), "message": scrub.text(raised.message, 2_000), "frames": _lines(raised)}
        for raised in event.chain
    ]
    first = chain[0]
    place = repr((first["type"], first["frames"])).encode("utf-8", "replace")
    stable = hashlib.sha256(place).hexdigest()[:16]
    if len(_stable) >= _MAX_KEYS:
        _stable.popitem(last=False)
    _stable[event.key] = stable
    return {"chain": chain, "key": stable}


def _type_name(kind: type[BaseException]) -> str:
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def _lines(raised: Raised) -> list[tuple[str, str, int]]:
    """Look up the line of each frame from its instruction offset (two bytes an instruction)."""
    found = []
    for code, offset in raised.frames:
        positions = list(code.co_positions())
        line = positions[offset // 2][0] if offset // 2 < len(positions) else None
        found.append((code.co_filename, code.co_qualname, line or code.co_firstlineno))
    return found
