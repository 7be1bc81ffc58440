"""Errors: every exception, response of 4xx or 5xx and line logged at ERROR, once.

What happens where an error is caught is `capture`: it takes tuples. All that makes them readable is `describe`, on the
flusher's thread. Whoever sees an exception tells this module, by one of the functions here; none of them raises.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from time import time_ns
from typing import Any, NamedTuple

from monitoring.error_tracking import get_error_tracking
from monitoring.recording import facets
from monitoring.recording import fingerprint as fingerprints
from monitoring.recording.context import Context, current
from monitoring.recording.events import ServerError
from monitoring.recording.raised import describe
from monitoring.recording.raised.reading import ask, explicit_of
from monitoring.recording.recorder import SWALLOWED, recorder

from . import capture
from .capture import Told

UNMATCHED = "<unmatched>"
_UNMATCHED_ADDRESS = ("django.urls.exceptions", "Resolver404")
"""No exception to mend: the resolver's way to say that there is no such address."""
_CANCELLED = "CancelledError"
"""asyncio's and that of its bridges to threads: the client of a request has gone, and nobody gets the answer."""
_BROKEN = 500
_OUTAGES = frozenset(
    {
        ("redis.exceptions", "ConnectionError"),
        ("redis.exceptions", "TimeoutError"),
        ("kombu.exceptions", "OperationalError"),
        ("django.db.utils", "OperationalError"),
        ("django.db.utils", "InterfaceError"),
    }
)
_CONSUMER = "celery.worker.consumer.consumer"
CSRF = "csrf"


class Identity(NamedTuple):
    """What people are shown of an error: its id, empty where errors are not recorded, and its fingerprint."""

    error_id: str
    fingerprint: str


def report(
    exception: BaseException,
    *,
    context: Mapping[str, Any] | None = None,
    user_id: Any = None,
    path: str | None = None,
    severity: str | None = None,
    fingerprint: Sequence[str] = (),
) -> str | None:
    """Record an exception that the caller has caught; one that is recorded already is enriched.

    Args:
        exception: As caught.
        context: What to say of it; what is no JSON becomes bounded text.
        user_id: Who it happened to; the user of the running request unless given.
        path: Path of the request it belongs to; that of the running request unless given.
        severity: `critical`, `high`, `medium`, `low`, or a level of logging; by its class unless given.
        fingerprint: What it is grouped by, if that is not for Enginel to find out.

    Returns:
        Its id, or None if errors are not recorded.
    """
    try:
        if not _is_recorded():
            return None
        running = current.get()
        about: dict[str, Any] = {"handled": True}
        said: dict[str, Any] = ask(dict, context or {}, otherwise={})
        if user_id is not None:
            about["user"] = said["user_id"] = ask(str, user_id, otherwise="")[:64]
        if path is not None:
            said["path"] = ask(str, path, otherwise="")
        if severity:
            about["severity"] = ask(str, severity, otherwise="")
        about |= _route(running)
        name = _name(running) or said.get("path") or "<process>"
        error_id = capture.record(exception, Told("exception", str(name), about, said), running, fingerprint)
        return describe.as_uuid(error_id)
    except SWALLOWED:
        recorder.failed()
        return None


def ended_task(
    exception: BaseException, name: str, context: Context | None, *, expected: bool = False, queue: str = ""
) -> None:
    """Record the exception that ended a task.

    Args:
        exception: It.
        name: The task's.
        context: Of its execution, if that is known.
        expected: Whether the task says that it may end with it.
        queue: Through which the task came: recovery cannot wait until its run is known.
    """
    if _is_recorded() and not (name.startswith(recorder.config.internal_tasks) and _is_outage(exception)):
        about = {"handled": False, "expected": True} if expected else {"handled": False}
        capture.record(exception, Told("exception", name, about, {"queue": queue} if queue else {}), context)


def ended_process(exception: BaseException, name: str) -> None:
    """Record an exception that nobody caught, in a command, a script or a thread."""
    try:
        if _is_recorded():
            running = current.get()
            capture.record(exception, Told("exception", _name(running) or name, _route(running)), running)
    except SWALLOWED:
        recorder.failed()


def disregard(exception: BaseException) -> None:
    """Say that an exception is nobody's error, as it says that the client has gone: whoever logs it reports none."""
    with contextlib.suppress(Exception):  # one with slots has no room for it
        exception._enginel_disregarded = True  # type: ignore[attr-defined]


def is_disregarded(exception: BaseException) -> bool:
    """Whether an exception is known to be nobody's error."""
    return ask(getattr, exception, "_enginel_disregarded", False, otherwise=False) is True


def note(exception: BaseException) -> None:
    """Say what the running request is going to be answered for; it is recorded when the answer is known."""
    context = current.get()
    if context is not None and context.request is not None and _names(exception) != _UNMATCHED_ADDRESS:
        context.error = exception


def answered(context: Context, status: int, exception: BaseException | None) -> None:
    """Record a response of 4xx or 5xx, with the exception that it came of.

    Args:
        context: Of the request.
        status: Of the response.
        exception: What was noted, or None.
    """
    if not get_error_tracking().enabled or is_excluded(context, status):
        return
    about = {**_route(context), "status": status}
    name = _name(context)
    if exception is not None and type(exception).__name__ == _CANCELLED:
        return
    if exception is not None and not context.error_type:
        mark = capture.mark_of(exception, context)
        if not mark.recorded and context._error_id:
            mark.error_id = context._error_id
        capture.record(
            exception,
            Told("exception", name, {**about, "handled": status < _BROKEN and not context.unhandled}),
            context,
        )
        return
    if status >= _BROKEN and context.told is not None:  # somebody told of what it is the answer to
        error_id, full = context.told
        if full:
            capture.amend(error_id, {**about, "handled": False})
        return
    about["error_type"] = error_type = context.error_type or str(status)
    key = hash(("response", about["route"], status, error_type))
    capture.send(Told("response", name, about), key, context.error_id, context)


def blame(context: Context, method: str, route: str, status: int) -> None:
    """Record that a request was answered with 5xx, for those who judge clients, whether or not its error is logged.

    Args:
        context: Of the request; its error, if it is logged, was recorded before.
        method: Of the request, one of the known ones.
        route: That answered.
        status: Of the response.
    """
    error_id = context.told[0] if context.told is not None else context._error_id
    about = (context.client, context.trace_id, context.user_id, error_id)
    recorder.record_fact(ServerError(time_ns(), method, route, status, *about))


def is_excluded(context: Context, status: int) -> bool:
    """Whether the project wants no errors of this status, or of requests with such a path."""
    tracking, path = get_error_tracking(), context.request.path if context.request is not None else ""
    return status in tracking.exclude_status_codes or path.startswith(tracking.exclude_paths)


def logged(
    logger: str, level: str, template: str, text: str, place: tuple[str, str, str, int], statement: str = ""
) -> None:
    """Record a line that was logged at ERROR or above without an exception.

    Args:
        logger: Name of the logger.
        level: Name of the level.
        template: The line before its arguments were put in; empty where that is not known.
        text: The line.
        place: Module, file, function and line that logged it.
        statement: Which one of its function's logged it, where there is no template.
    """
    if not _is_recorded():
        return
    running = current.get()
    about = {
        **_route(running),
        "handled": True,
        "severity": level,
        "error_type": "log",
        "logger": logger,
        "template": template,
        "statement": statement,
        "text": text,
        "place": place,
    }
    key, error_id = hash(("log", logger, template, place)), capture.new_id()
    full = capture.send(Told("log", _name(running) or logger, about), key, error_id, running)
    if running is not None:
        running.told = (error_id, full)


def unregistered(name: str, context: Context) -> None:
    """Record that a worker threw a message away because it knows no such task."""
    if _is_recorded():
        text = f"Received unregistered task of type {name}"
        place = (_CONSUMER, "", "Consumer.on_unknown_task", 0)
        about = {"severity": "ERROR", "error_type": "NotRegistered", "logger": _CONSUMER, "template": text}
        told = Told("log", name, {**about, "text": text, "place": place})
        capture.send(told, hash(("unregistered", name)), capture.new_id(), context)


def identify(exception: BaseException | None = None, status: int = 0) -> Identity:
    """Return what to show of the error that the running request is answered with, before it is recorded.

    Args:
        exception: What the answer is for; what was noted unless given.
        status: Of the answer.
    """
    try:
        context = current.get()
        if context is None or not _is_recorded() or not _reaches_log(context):
            return Identity("", "")
        exception = exception or context.error
        if exception is None:
            told = context.told[0] if context.told is not None and status >= _BROKEN else 0
            return Identity(describe.as_uuid(told or context.error_id), "")
        mark = capture.mark_of(exception, context)
        if not mark.recorded:
            mark.error_id = context.error_id
        return Identity(describe.as_uuid(mark.error_id), _fingerprint(exception))
    except SWALLOWED:
        recorder.failed()
        return Identity("", "")


def response_fingerprint(context: Context, status: int) -> str:
    """Return the fingerprint of an answer without an exception."""
    route = str(_route(context).get("route", ""))
    return fingerprints.of_response(context.error_type or str(status), status, route)


def _fingerprint(exception: BaseException) -> str:
    taken = capture.take(exception)
    found = describe.fingerprint_of(taken.key)
    if not found:
        values = {"kind": "exception", "chain": describe.chain_of(taken.chain), "name": _name(current.get())}
        found = fingerprints.current(values | {"explicit": list(explicit_of(exception))})
        describe.remember(taken.key, found)
    return found


def _is_outage(exception: BaseException) -> bool:
    """Whether Redis, the broker or the database did not answer: of Enginel's own tasks, its health checks tell that."""
    return any((kind.__module__, kind.__name__) in _OUTAGES for kind in type(exception).__mro__)


def _names(exception: BaseException) -> tuple[str, str]:
    return type(exception).__module__, type(exception).__name__


def _reaches_log(context: Context) -> bool:
    """Whether what the running request is answered with will be recorded, as far as a middleware has its say."""
    return not context.facets or bool(context.facets & facets.ERRORS)


def _is_recorded() -> bool:
    return recorder.enabled and get_error_tracking().enabled


def _name(context: Context | None) -> str:
    """Return the method and route of a request, or the name of a task; empty outside of both."""
    if context is None or context.request is None:
        return context.name if context is not None else ""
    return f"{context.request.method} {_route(context)['route']}"


def _route(context: Context | None) -> dict[str, Any]:
    if context is None or context.request is None:
        return {}
    match = getattr(context.request, "resolver_match", None)
    return {"route": match.route if match is not None else UNMATCHED}
