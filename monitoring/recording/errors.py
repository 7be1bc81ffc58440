"""Exceptions as facts: captured as tuples where they happen, formatted on the flusher's thread."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Hashable
from functools import lru_cache
from types import CodeType
from typing import Any

from . import scrub
from .context import Context
from .events import Error, Event, Occurrence, Raised

_MAX_CHAIN, _MAX_FRAMES, _MAX_KEYS, _MAX_PLACES = 5, 100, 5_000, 20_000


class Limiter:
    """Decides whether one more of a kind still travels in full this minute, such as errors by place in the code."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._seen: OrderedDict[Hashable, list[int]] = OrderedDict()

    def admits(self, key: Hashable, now: int, limit: int = 0) -> bool:
        """Count one of `key` at `now` (nanoseconds); say whether it is within `limit`, or that of errors."""
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
        return seen[1] <= (limit or self._per_minute)


def capture(exception: BaseException, name: str, limiter: Limiter, context: Context | None) -> Event:
    """Turn an exception into an event, in full or, if its place in the code raises too often, as an occurrence.

    Args:
        exception: As caught, with its traceback.
        name: Route, task or operation it ended.
        limiter: Counts the errors of this process.
        context: The request or task it happened in, if any.
    """
    now = time.time_ns()
    codes, offsets = _frames(exception)
    key = hash((id(type(exception)), *map(id, codes), *offsets))
    if not limiter.admits(key, now):
        return Occurrence(now, key, name, context.trace_id if context is not None else "")
    chain = [Raised(type(exception), _message(exception), codes, offsets)]
    cause = exception.__cause__ or (None if exception.__suppress_context__ else exception.__context__)
    while cause is not None and len(chain) < _MAX_CHAIN:
        chain.append(Raised(type(cause), _message(cause), *_frames(cause)))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return Error(now, key, tuple(chain), name, context.describe() if context is not None else {})


def _frames(exception: BaseException) -> tuple[list[CodeType], list[int]]:
    """Return the code of each frame of a traceback, and the offset of its instruction."""
    codes: list[CodeType] = []
    offsets: list[int] = []
    step = exception.__traceback__
    while step is not None and len(codes) < _MAX_FRAMES:
        codes.append(step.tb_frame.f_code)
        offsets.append(step.tb_lasti)
        step = step.tb_next
    return codes, offsets


def _message(exception: BaseException) -> str:
    try:
        return str(exception)[:2_000]
    except (Exception, SystemExit):  # a broken __str__ costs the message, not the event
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
    places = zip(raised.codes, raised.offsets, strict=True)
    return [(code.co_filename, code.co_qualname, _line(code, offset)) for code, offset in places]


@lru_cache(maxsize=_MAX_PLACES)
def _line(code: CodeType, offset: int) -> int:
    """Return the line of an instruction; the file is none of its business: equal code can lie in two files."""
    for start, end, line in code.co_lines():
        if start <= offset < end:
            return line or code.co_firstlineno
    return code.co_firstlineno
