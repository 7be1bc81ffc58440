"""What is logged: lines at ERROR are errors, the others are told by the next error of their request or task.

Loggers are listened to where they call their handlers. A handler of our own would take away the one of last resort, and
make `logging.basicConfig` do nothing; it would hear nothing of loggers that do not propagate, and Celery throws it out.
"""

from __future__ import annotations

import functools
import logging

from . import crumbs, errors
from .context import current
from .recorder import recorder

_TOLD = ("celery.app.trace", "celery.worker", "celery.redirected", "django.request", "django.server", "monitoring")
"""Loggers of what Celery's and Django's hooks have recorded already; and Enginel's, that must not tell of itself."""
_CSRF = "django.security.csrf"


def install() -> None:
    """Listen to every logger of this process."""
    call = logging.Logger.callHandlers
    if hasattr(call, "__wrapped__") or not recorder.enabled or not recorder.config.capture_logs:
        return

    @functools.wraps(call)
    def call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
        call(logger, record)
        if record.levelno >= logging.INFO:
            take(record)

    logging.Logger.callHandlers = call_handlers  # type: ignore[assignment,method-assign]


def take(record: logging.LogRecord) -> None:
    """Record a line, or leave it as a breadcrumb. Never raises, never waits."""
    try:
        context = current.get()
        if record.name == _CSRF and context is not None:
            context.error_type = errors.CSRF
        if _is_below(record.name, _TOLD):
            return
        if record.levelno >= logging.ERROR:
            _record(record)
        elif context is not None:
            crumbs.leave(record.levelname, record.name, record.getMessage())
    except Exception:  # the monitored code must not suffer
        recorder.failed()


def _record(record: logging.LogRecord) -> None:
    exception = record.exc_info[1] if record.exc_info else None
    if exception is not None:
        said = {"logger": record.name, "log": record.getMessage()}
        errors.report(exception, context=said, severity=record.levelname)
        return
    place = (record.module, record.pathname, record.funcName, record.lineno)
    errors.logged(record.name, record.levelname, str(record.msg), record.getMessage(), place)


def _is_below(name: str, loggers: tuple[str, ...]) -> bool:
    return name.startswith(loggers) and any(name == one or name.startswith(f"{one}.") for one in loggers)
