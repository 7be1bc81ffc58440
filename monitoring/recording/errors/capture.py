"""On the caller's thread: an error is taken as tuples, once however many layers see it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from monitoring.recording import frame_locals, request_data
from monitoring.recording.context import Context
from monitoring.recording.events import Amendment, Error, Occurrence, Raised
from monitoring.recording.ids import getrandbits
from monitoring.recording.raised import frames
from monitoring.recording.raised.reading import ask, before, dependency_of, explicit_of, message_of, service_of
from monitoring.recording.recorder import recorder

_MAX_CHAIN, _MAX_LINKS, _MAX_AMENDMENTS = 5, 50, 5
_MARK = "_enginel_error"
_ALIKE_NANOSECONDS = 1_000_000_000
_OUTLIVES_NANOSECONDS = 60_000_000_000
_listeners: list[Callable[[BaseException, int, Context | None], None]] = []


class Mark(Struct):
    """Left on an exception that was recorded, or shown to somebody.

    Attributes:
        error_id: Its id, 128 bits.
        token: Which request or task it was in, 0 for none.
        at: When it was made, in nanoseconds since the epoch.
        recorded: Whether it was.
        full: Whether it travelled in full.
        amended: How often more was said of it.
    """

    error_id: int
    token: int
    at: int
    recorded: bool = False
    full: bool = False
    amended: int = 0

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
    explicit: tuple[str, ...]
    service: str


def take(exception: BaseException) -> Taken:
    """Take an exception and what it came of as tuples; of a long chain its beginning, and the root at its end."""
    nothing: tuple[frames.Taken, Any] = (([], [], []), None)
    taken, innermost = ask(frames.take, exception, otherwise=nothing)
    kind = type(exception)
    chain = [Raised(kind, message_of(exception), taken)]
    key = (id(kind), *map(id, taken[0]), *taken[1])
    seen, link = before(exception)
    for number in range(2, _MAX_LINKS):
        if seen is None:
            break
        following, next_link = before(seen)
        if number < _MAX_CHAIN or following is None:
            taken, _ = ask(frames.take, seen, otherwise=nothing)
            chain.append(Raised(type(seen), message_of(seen), taken, link))
            if link != "context":
                key += (id(type(seen)), *map(id, taken[0]), *taken[1])
            link = next_link
        else:  # left out: how it came about still says whether the root is a cause
            link = "context" if link == "context" else next_link
        seen = following
    explicit, service = explicit_of(exception), service_of(exception)
    return Taken(chain, hash((key, explicit, service)), innermost, explicit, service)


def new_id() -> int:
    """Return the id of an error that nobody was shown yet: 128 bits."""
    return getrandbits(128) or 1


def mark_of(exception: BaseException, context: Context | None) -> Mark:
    """Return the mark of an exception: the one it has, unless it was raised anew since, or a new one.

    An object may be raised more than once, if somebody keeps it. It is the same failure within one request or task; for
    a moment where there is neither; and where a server logs what a request ended with.
    """
    token, now = context.token if context is not None else 0, time.time_ns()
    mark = ask(getattr, exception, _MARK, None, otherwise=None)
    if isinstance(mark, Mark):
        lasts = _OUTLIVES_NANOSECONDS if mark.token else _ALIKE_NANOSECONDS
        if mark.token == token if token else now - mark.at < lasts:
            return mark
    mark = Mark(new_id(), token, now)
    ask(_put, exception, mark, otherwise=None)
    return mark


def _put(exception: BaseException, mark: Mark) -> None:
    exception.__dict__[_MARK] = mark


def is_from_elsewhere(exception: BaseException | None) -> bool:
    """Whether an exception was recorded in another process, and pickled there."""
    return exception is not None and ask(getattr, exception, _MARK, None, otherwise=None) == ()


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
        mark.amended += 1
        if mark.full and mark.amended <= _MAX_AMENDMENTS:
            amend(mark.error_id, {**told.about, "context": told.said})
        return mark.error_id
    mark.recorded = True
    taken = take(exception)
    grouped = tuple(explicit) or taken.explicit
    if explicit:
        taken.key = hash((taken.key, grouped))
    if grouped:
        told.about = {**told.about, "explicit": list(grouped)}
    if taken.service:
        told.about = {**told.about, "service": taken.service}
    if dependency := dependency_of(exception):
        told.said = {"dependency": dependency, **told.said}
    mark.full = send(told, taken.key, mark.error_id, context, taken)
    if context is not None:
        context.told = (mark.error_id, mark.full)
    if mark.full:
        for listener in _listeners:
            ask(listener, exception, mark.error_id, context, otherwise=None)
    return mark.error_id


def listen(listener: Callable[[BaseException, int, Context | None], None]) -> None:
    """Have a function hear of every exception that is recorded in full from now on.

    Args:
        listener: Takes the exception, the id of its error and the request or task it happened in. It runs on the
            caller's thread, which must not wait.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def is_full(exception: BaseException) -> bool:
    """Whether an exception was recorded, and in full."""
    mark = ask(getattr, exception, _MARK, None, otherwise=None)
    return isinstance(mark, Mark) and mark.full


def amend(error_id: int, about: Mapping[str, Any]) -> None:
    """Say more of an error that travelled in full."""
    recorder.record_fact(Amendment(time.time_ns(), error_id, about))


def send(told: Told, key: int, error_id: int, context: Context | None, taken: Taken | None = None) -> bool:
    """Record an error in full, or as an occurrence if there were enough this minute; return whether it is in full."""
    now, config = time.time_ns(), recorder.config
    number = recorder.limiter.count(key, now)
    if number > config.errors_per_minute:
        status = told.about.get("status", 0)
        who = ("", "", "") if context is None else (context.trace_id, context.user_id, context.client)
        service = str(told.about.get("service", ""))
        recorder.record(Occurrence(now, key, error_id, told.name, status, *who, service))
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
