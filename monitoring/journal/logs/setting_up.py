"""Setting structured logging up: one handler, one form of line, for structlog and the standard library."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import Any

import structlog

from monitoring import environments
from monitoring.conf import get_config

from .formatter import CONSOLE, FORMATS, Formatter, arguments, shared

_OURS = "_enginel"
_STANDARD_STREAMS = ("stdout", "stderr")
_WITH_HANDLERS_OF_THEIR_OWN = (
    "django",
    "django.server",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "gunicorn.error",
    "gunicorn.access",
    "celery",
)
"""Loggers of servers that write to the console by themselves, in a form of their own."""


class LoggingError(ValueError):
    """What was asked for is none of the accepted values; the message says which these are."""


class LoggingUtilities:
    """The documented place of `setup_structured_logging`."""

    @staticmethod
    def setup_structured_logging(
        log_level: str | None = None, log_format: str | None = None, include_timestamp: bool = True
    ) -> None:
        """See `setup_structured_logging`."""
        setup_structured_logging(log_level, log_format, include_timestamp)


def setup_structured_logging(
    log_level: str | None = None, log_format: str | None = None, include_timestamp: bool = True
) -> None:
    """Have every line of this process written once, in one form, with the ids of what runs.

    Args:
        log_level: The least level that is written, such as `INFO`; by `LOG_LEVEL`, or else `ENVIRONMENT`, unless given.
        log_format: `json`, or `console` for people; by `LOG_FORMAT`, or else `ENVIRONMENT`, unless given.
        include_timestamp: Whether lines say when they were logged, in UTC.

    Raises:
        LoggingError: A value is none of those.
    """
    level, form = chosen(log_level, log_format)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, include_timestamp=include_timestamp))
    setattr(handler, _OURS, True)
    root = logging.getLogger()
    for name in _WITH_HANDLERS_OF_THEIR_OWN:
        _leave_to_root(name)
    for other in list(root.handlers):
        if hasattr(other, _OURS) or _writes_to_the_console(other):
            root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(level)
    _keep_celery_from_it()


def chosen(log_level: str | None, log_format: str | None) -> tuple[str, str]:
    """Return the level and format that hold: what is given, else what the environment variables or `ENVIRONMENT` say.

    Raises:
        LoggingError: A value is none of the accepted ones.
    """
    defaults = environments.defaults(get_config().environment)
    level = (log_level or os.environ.get("LOG_LEVEL") or defaults.log_level).upper()
    form = (log_format or os.environ.get("LOG_FORMAT") or defaults.log_format).lower()
    levels = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
    if level not in levels:
        raise LoggingError(f"log_level must be one of {', '.join(levels)}, not {level!r}")
    if form not in FORMATS:
        raise LoggingError(f"log_format must be one of {', '.join(FORMATS)}, not {form!r}")
    return level, form


def formatter(log_format: str, *, include_timestamp: bool = True) -> logging.Formatter:
    """Return what makes text of lines, and have structlog hand its lines on to it: for `LOGGING` of Django, too.

    Args:
        log_format: `json` or `console`.
        include_timestamp: Whether lines say when they were logged.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared(include_timestamp=include_timestamp),
            arguments,
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    colors = log_format == CONSOLE and sys.stderr.isatty()
    return Formatter(log_format, include_timestamp=include_timestamp, colors=colors)


def _leave_to_root(name: str) -> None:
    """Have a logger hand its lines on instead of writing them itself; what it sends elsewhere stays."""
    logger = logging.getLogger(name)
    for handler in list(logger.handlers):
        if _writes_to_the_console(handler):
            logger.removeHandler(handler)
    logger.propagate = True


def _writes_to_the_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    known = {getattr(sys, name) for name in _STANDARD_STREAMS} | {
        getattr(sys, f"__{name}__") for name in _STANDARD_STREAMS
    }
    return isinstance(handler, logging.StreamHandler) and (stream in known or type(handler) is logging.StreamHandler)


def _keep_celery_from_it() -> None:
    """Tell Celery, where it is in use, that logging is set up: it would add handlers of its own."""
    with contextlib.suppress(ImportError):
        if "celery" in sys.modules:
            from celery.signals import setup_logging

            setup_logging.connect(_set_up, dispatch_uid="enginel-logging")


def _set_up(**_: Any) -> None:
    """Stand for the set-up that Celery would do."""
