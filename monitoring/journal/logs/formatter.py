"""Making text of a line: JSON for machines, or columns for people. Whatever is logged, one line comes of it."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from monitoring.recording import scrub
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder

JSON, CONSOLE = "json", "console"
FORMATS = (JSON, CONSOLE)
MAX_EVENT, MAX_TRACEBACK = 8_000, 16_000
"""Characters of what a line says, and of the traceback with it."""
_OURS = "enginel"
"""Attribute of records under which Enginel's own loggers give what they know."""
_LEFT_BEHIND = ("message", "asctime")
_ORDER = ("timestamp", "level", "logger", "event")

Event = MutableMapping[str, Any]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Formats lines of structlog and of the standard library alike.

    Args:
        log_format: `json` or `console`.
        include_timestamp: Whether a line says when it was logged.
        colors: Whether the console shows colors.
    """

    def __init__(self, log_format: str = JSON, *, include_timestamp: bool = True, colors: bool = False) -> None:
        console = log_format == CONSOLE
        renderer = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False) if console else _render
        steps = [_drop_meta, _told_exception if not console else _bounded, _scrubbed]
        super().__init__(processors=[*steps, renderer], foreign_pre_chain=shared(include_timestamp=include_timestamp))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; never raises."""
        try:
            return super().format(record)
        except Exception:  # whatever somebody managed to log
            recorder.failed()
            return _last_resort(record)


def shared(*, include_timestamp: bool = True) -> list[Any]:
    """Return what is added to every line, whoever logged it.

    Args:
        include_timestamp: Whether a line says when it was logged.
    """
    stamper = [structlog.processors.TimeStamper(fmt="iso", utc=True)] if include_timestamp else []
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        _ids,
        *stamper,
    ]


def _ids(_logger: Any, _method: str, event: Event) -> Event:
    """Add the ids of the running request or task; what was bound to the line by hand stays."""
    if "_record" in event:  # what formatters of other handlers leave on a record
        for name in _LEFT_BEHIND:
            event.pop(name, None)
    ours = event.pop(_OURS, None)
    if isinstance(ours, dict):
        for name, value in ours.items():
            event.setdefault(name, value)
    context = current.get()
    if context is not None:
        with contextlib.suppress(Exception):  # the line is more important than its ids
            for name, value in context.ids().items():
                event.setdefault(name, value)
    event.setdefault("service", recorder.config.service)
    return event


def _drop_meta(_logger: Any, _method: str, event: Event) -> Event:
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    return event


def _bounded(_logger: Any, _method: str, event: Event) -> Event:
    event["event"] = _text(event.get("event"))
    return event


def _told_exception(logger: Any, method: str, event: Event) -> Event:
    """Put an exception into plain members: its class, what it says, and where it was raised."""
    given = event.pop("exc_info", None)
    if given:
        raised = _exception(given)
        if raised is not None:
            text = "".join(traceback.format_exception(raised))
            cut = text if len(text) <= MAX_TRACEBACK else f"…{text[-MAX_TRACEBACK:]}"
            event["exception"] = {
                "type": type(raised).__qualname__,
                "message": scrub.text(_text(raised)),
                "traceback": scrub.text(cut, MAX_TRACEBACK + 1),
            }
    stack = event.pop("stack_info", None)
    if stack:
        event["stack"] = scrub.text(str(stack), MAX_TRACEBACK)
    return _bounded(logger, method, event)


def _exception(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple) and len(given) == 3:
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exception()


def _scrubbed(_logger: Any, _method: str, event: Event) -> Event:
    """Take secrets out, and bound what is left; what is documented comes first."""
    exceptions = {name: event.pop(name) for name in ("exception", "exc_info", "stack") if name in event}
    head = {name: event.pop(name) for name in _ORDER if name in event}
    if "event" in head:
        head["event"] = scrub.text(head["event"], MAX_EVENT)
    return head | scrub.mapping(event) | exceptions


def _render(_logger: Any, _method: str, event: Event) -> str:
    return json.dumps(event, default=_text, separators=(", ", ": "))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value[:MAX_EVENT]
    try:
        return str(value)[:MAX_EVENT]
    except Exception:  # an object of the project's own
        return f"<unprintable {type(value).__name__}>"


def _last_resort(record: logging.LogRecord) -> str:
    said = {"level": record.levelname.lower(), "logger": record.name, "event": "<unprintable>"}
    return json.dumps(said | {"place": f"{record.pathname}:{record.lineno}"})
