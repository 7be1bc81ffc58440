"""What is logged: lines at ERROR are errors, the others are told by the next error of their request or task.

Loggers are listened to where they call their handlers. A handler of our own would take away the one of last resort, and
make `logging.basicConfig` do nothing; it would hear nothing of loggers that do not propagate, and Celery throws it out.
"""

from __future__ import annotations

import functools
import logging
import sys
from types import FrameType
from typing import Any

from . import crumbs, errors, lines
from .context import current
from .raised.reading import ask
from .recorder import SWALLOWED, recorder

_TOLD = (
    "celery.app.trace",
    "celery.redirected",
    "celery.worker.request",
    "django.request",
    "django.server",
    "monitoring",
    "multiprocessing",
)
"""Loggers of what Celery's and Django's hooks have recorded already; and Enginel's, that must not tell of itself."""
_UNHEARD = ("monitoring.requests", "monitoring.journal", "celery.app.trace", "django.request", "django.server")
"""Loggers whose lines are told of otherwise: requests are errors and spans, tasks runs, entries are there."""
_SUSPICIOUS = "django.security"
"""Logger of what Django answers with 400, after its line: that answer is the error."""
_UNREGISTERED = "Received unregistered task"
"""How the consumer's line begins about a message that the worker's own signal has told of."""
_RECONNECTING = (
    "consumer: Cannot connect to ",
    "consumer: Connection to broker lost",
    "Failed to capture events",
    "beat: Connection error",
)
"""How lines of Celery and Flower begin that look for a broker which is away: the health of Redis tells that."""
_CELERY = ("celery", "flower")
_CSRF = "django.security.csrf"
_LISTENS = "_enginel_listens"
_DEEPEST = 40


def install() -> None:
    """Listen to every logger of this process."""
    call = logging.Logger.callHandlers
    if hasattr(call, _LISTENS) or not recorder.enabled or not recorder.config.capture_logs:
        return

    @functools.wraps(call)
    def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
        call(logger, record)
        if record.levelno >= logging.INFO:
            take(record)

    setattr(call_handlers, _LISTENS, True)
    logging.Logger.callHandlers = call_handlers  # type: ignore[assignment,method-assign]


def take(record: logging.LogRecord) -> None:
    """Record a line, or leave it as a breadcrumb. Never raises, never waits."""
    try:
        context = current.get()
        if record.name == _CSRF and context is not None:
            context.error_type = errors.CSRF
        if not _is_below(record.name, _UNHEARD):
            lines.keep(record, context)
        if _is_below(record.name, _TOLD):
            return
        if record.levelno >= logging.ERROR:
            _record(record)
        elif context is not None:
            crumbs.leave(record.levelname, record.name, _text(record))
    except SWALLOWED:  # the monitored code must not suffer
        recorder.failed()


def _text(record: logging.LogRecord) -> str:
    """Return what a line says; of one whose arguments do not fit, what they were to be put into."""
    return lines.said(record)[0]


def _record(record: logging.LogRecord) -> None:
    if _is_below(record.name, _CELERY) and ask(str, record.msg, otherwise="").startswith(_RECONNECTING):
        return
    exception = _exception_of(record)
    if exception is not None and errors.is_disregarded(exception):
        return
    if exception is not None and _is_below(record.name, (_SUSPICIOUS,)):
        errors.note(exception)
        return
    if exception is not None:
        said = {"logger": record.name, "log": _text(record)}
        if not said["log"].startswith(_UNREGISTERED):
            errors.report(exception, context=said, severity=record.levelname)
        return
    place, statement = _place(record)
    template = "" if statement else ask(str, lines.template_of(record), otherwise="")
    errors.logged(record.name, record.levelname, template, _text(record), place, statement)


def _exception_of(record: logging.LogRecord) -> BaseException | None:
    """Return the exception that a line tells of; structlog hands on what was said of it, not it."""
    if record.exc_info:
        return record.exc_info[1]
    handed = lines.of_structlog(record)
    said = handed.get("exc_info") if handed is not None else None
    if isinstance(said, BaseException):
        return said
    return (said[1] if isinstance(said, tuple) and len(said) == 3 else sys.exception()) if said else None


def _place(record: logging.LogRecord) -> tuple[tuple[str, str, str, int], str]:
    """Return where a line was logged, as module, file, function and line; and which statement of its function it was.

    The statement is told of a text that was put together before, as by an f-string: what differs in it from time to
    time cannot be told from what does not. Of one with a template it is empty.
    """
    frame = _frame_of(record)
    if frame is None:
        return (record.module, record.pathname, record.funcName, record.lineno), ""
    code = frame.f_code
    module: Any = frame.f_globals.get("__name__")
    place = (module if isinstance(module, str) else "", code.co_filename, code.co_qualname, record.lineno)
    template = lines.template_of(record)
    is_template = bool(record.args) or not isinstance(template, str) or template in code.co_consts
    return place, "" if is_template else f"+{record.lineno - code.co_firstlineno}"


def _frame_of(record: logging.LogRecord) -> FrameType | None:
    """Return the frame that logged a line, if that was this very call."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_DEEPEST):
        if frame is None or (frame.f_lineno == record.lineno and frame.f_code.co_filename == record.pathname):
            return frame
        frame = frame.f_back
    return None


def _is_below(name: str, loggers: tuple[str, ...]) -> bool:
    return name.startswith(loggers) and any(name == one or name.startswith(f"{one}.") for one in loggers)
