"""On the caller's thread: an error is taken as tuples, once however many layers see it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from monitoring.recording import frame_locals, request_data
from monitoring.recording.context import Context
from monitoring.recording.events import Amendment, Error, Occurrence, Raised
from monitoring.recording.ids import getrandbits
from monitoring.recording.raised import frames
from monitoring.recording.recorder import recorder

_MAX_CHAIN, _MAX_MESSAGE, _MAX_EXPLICIT, _MAX_SERVICE = 5, 2_000, 10, 200
_MARK = "_enginel_error"
EXPLICIT = "enginel_fingerprint"
"""Attribute of an exception that says what it is grouped by."""
SERVICE = "enginel_service"
"""Attribute of an exception that says which service it is of, where that is not the one it was raised in."""


class Mark(Struct):
    """Left on an exception that was recorded, or shown to somebody.

    Attributes:
        error_id: Its id, 128 bits.
        token: Which request or task it was in, 0 for none.
        recorded: Whether it was.
        full: Whether it travelled in full.
    """

    error_id: int
    token: int
    recorded: bool = False
    full: bool = False

    def __reduce__(self) -> Any:
        """Leave it behind where its exception is pickled: who gets that may not have Enginel."""
        return tuple, ()


class Told(Struct):
    """What is told of an error where it is caught.

    Attributes:
        kind: `exception`, `response` or `log`.
        name: Method and route, task, or logger.
        about: What is known at once; see `Error`.
        said: What the caller says of it.
    """

    kind: str
    name: str
    about: Mapping[str, Any] = {}
    said: Mapping[str, Any] = {}


class Taken(Struct):
    """An exception with its causes, and what tells its place in the code from others."""

    chain: list[Raised]
    key: int
    innermost: Any


def take(exception: BaseException) -> Taken:
    """Take an exception and what it came of as tuples."""
    taken, innermost = frames.take(exception)
    kind = type(exception)
    chain = [Raised(kind, _message(exception), taken)]
    key = (id(kind), *map(id, taken[0]), *taken[1])
    seen, link = exception, ""
    while len(chain) < _MAX_CHAIN:
        seen, link = _before(seen)
        if seen is None:
            break
        taken, _ = frames.take(seen)
        chain.append(Raised(type(seen), _message(seen), taken, link))
        if link != "context":
            key += (id(type(seen)), *map(id, taken[0]), *taken[1])
    return Taken(chain, hash((key, explicit_of(exception))), innermost)


def _before(exception: BaseException) -> tuple[Any, str]:
    """Return what an exception came of, and how."""
    if exception.__cause__ is not None:
        return exception.__cause__, "cause"
    if isinstance(exception, BaseExceptionGroup):
        return exception.exceptions[0], "group"
    if exception.__suppress_context__:
        return None, ""
    return exception.__context__, "context"


def _message(exception: BaseException) -> str:
    try:
        return str(exception)[:_MAX_MESSAGE]
    except (Exception, SystemExit):  # a broken __str__ costs the message, not the event
        return "<unprintable>"


def explicit_of(exception: BaseException) -> tuple[str, ...]:
    """Return what an exception says that it is grouped by."""
    given = getattr(exception, EXPLICIT, None)
    if given is None:
        return ()
    parts = (given,) if isinstance(given, str) else tuple(given)
    return tuple(str(part)[:200] for part in parts[:_MAX_EXPLICIT])


def new_id() -> int:
    """Return the id of an error that nobody was shown yet: 128 bits."""
    return getrandbits(128) or 1


def mark_of(exception: BaseException, context: Context | None) -> Mark:
    """Return the mark of an exception: the one it has, unless that is of another request or task, or a new one."""
    token = context.token if context is not None else 0
    mark = getattr(exception, _MARK, None)
    if isinstance(mark, Mark) and (mark.token == token or not mark.token or not token):
        return mark
    mark = Mark(new_id(), token)
    with contextlib.suppress(AttributeError):  # a class without room for it: it may be recorded twice
        exception.__dict__[_MARK] = mark
    return mark


def record(exception: BaseException, told: Told, context: Context | None = None, explicit: Sequence[str] = ()) -> int:
    """Record an exception, in full or, if its place in the code raises too often, as an occurrence.

    One that was recorded before in the same request or task is only amended.

    Args:
        exception: As caught, with its traceback.
        told: What is told of it.
        context: The request or task it happened in, if any.
        explicit: What it is grouped by, if that is not for Enginel to find out.

    Returns:
        Its id, 128 bits.
    """
    mark = mark_of(exception, context)
    if mark.recorded:
        if mark.full:
            recorder.record_fact(Amendment(time.time_ns(), mark.error_id, {**told.about, "context": told.said}))
        return mark.error_id
    mark.recorded = True
    taken = take(exception)
    grouped = tuple(explicit) or explicit_of(exception)
    if explicit:
        taken.key = hash((taken.key, grouped))
    if grouped:
        told.about = {**told.about, "explicit": list(grouped)}
    if service := getattr(exception, SERVICE, None):
        told.about = {**told.about, "service": str(service)[:_MAX_SERVICE]}
    mark.full = send(told, taken.key, mark.error_id, context, taken)
    return mark.error_id


def send(told: Told, key: int, error_id: int, context: Context | None, taken: Taken | None = None) -> bool:
    """Record an error in full, or as an occurrence if there were enough this minute; return whether it is in full."""
    now, config = time.time_ns(), recorder.config
    number = recorder.limiter.count(key, now)
    if number > config.errors_per_minute:
        status = told.about.get("status", 0)
        who = ("", "", "") if context is None else (context.trace_id, context.user_id, context.client)
        recorder.record(Occurrence(now, key, error_id, told.name, status, *who))
        return False
    detailed = number <= config.error_details
    about, said, request, crumbs, local = told.about, told.said, None, (), None
    if context is not None:
        said = {**context.describe(), **said}
        crumbs = tuple(context.crumbs or ())
        if context.request is not None:
            request = request_data.capture(context.request, headers=config.record_headers, body=config.record_body)
            about = {**about, "client": context.client}
    if detailed and config.error_locals and taken is not None and taken.innermost is not None:
        local = frame_locals.capture(taken.innermost)
    chain = tuple(taken.chain) if taken is not None else ()
    recorder.record_fact(
        Error(now, key, error_id, told.kind, told.name, chain, said, about, request, crumbs, local, detailed)
    )
    return True
