"""Making text of a line: JSON for machines, or columns for people. Whatever is logged, one line comes of it.

What is given with a line never takes the place of what the line is: names that mean something here are kept apart.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from monitoring.recording import lines, scrub
from monitoring.recording.context import current
from monitoring.recording.recorder import recorder

JSON, CONSOLE = "json", "console"
FORMATS = (JSON, CONSOLE)
MAX_EVENT, MAX_TRACEBACK = 8_000, 16_000
"""Characters of what a line says, and of the traceback with it."""
_OURS = "enginel"
"""Attribute of records under which Enginel's own loggers give what they know."""
_ORDER = ("timestamp", "level", "logger", "event")
_TOLD = ("exception", "stack")
_RESERVED = frozenset({*_ORDER, *_TOLD, "service"})
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
"""What would begin a new line, or what terminals obey."""

Event = MutableMapping[str, Any]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Formats lines of structlog and of the standard library alike.

    Args:
        log_format: `json` or `console`.
        include_timestamp: Whether a line says when it was logged.
        colors: Whether the console shows colors.
    """

    def __init__(self, log_format: str = JSON, *, include_timestamp: bool = True, colors: bool = False) -> None:
        console = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)
        ending = [_for_people, console] if log_format == CONSOLE else [_render]
        super().__init__(
            processors=[_told, _scrubbed, *ending],
            foreign_pre_chain=[_extra, *shared(include_timestamp=include_timestamp)],
        )

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; never raises."""
        try:
            if lines.of_structlog(record) is None:
                record = copy.copy(record)
                record.msg, record.args = lines.said(record)[0][:MAX_EVENT], None
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
        _apart,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _ids,
        *stamper,
    ]


def arguments(_logger: Any, _method: str, event: Event) -> Event:
    """Put positional arguments into what a line of structlog says, where they fit."""
    given = event.pop("positional_args", None)
    if given:
        try:
            event["event"] = event["event"] % given
        except Exception:  # those of a project's own making
            event["positional_args"] = list(given)
    return event


def _extra(_logger: Any, _method: str, event: Event) -> Event:
    """Take over what was given as `extra` to a logger of the standard library."""
    for name, value in lines.extra_of(event["_record"]).items():
        event[name if name != "event" else "extra_event"] = value
    ours = vars(event["_record"]).get(_OURS)
    if ours is not None:
        event[_OURS] = ours
    return event


def _apart(_logger: Any, _method: str, event: Event) -> Event:
    """Rename what would be taken for a part of the line itself."""
    for name in _RESERVED & event.keys():
        if name != "event":
            event[f"extra_{name}"] = event.pop(name)
    return event


def _ids(_logger: Any, _method: str, event: Event) -> Event:
    """Add what Enginel's loggers know, and the ids of the running request or task, which nothing takes the place of."""
    ours = event.pop(_OURS, None)
    if isinstance(ours, dict):
        for name, value in ours.items():
            event.setdefault(name if name not in _RESERVED else f"extra_{name}", value)
    context = current.get()
    if context is not None:
        with contextlib.suppress(Exception):  # the line is more important than its ids
            for name, value in context.ids().items():
                if event.get(name, value) != value:
                    event[f"extra_{name}"] = event[name]
                event[name] = value
    event["service"] = recorder.config.service
    return event


def _told(_logger: Any, _method: str, event: Event) -> Event:
    """Say in plain members what was raised, and where: its class, its text, its traceback."""
    event.pop("_record", None)
    event.pop("_from_structlog", None)
    event["event"] = _text(event.get("event"))
    raised = _exception(event.pop("exc_info", None))
    if raised is not None:
        text = "".join(traceback.format_exception(raised))
        cut = text if len(text) <= MAX_TRACEBACK else f"…{text[-MAX_TRACEBACK:]}"
        event["exception"] = {
            "type": type(raised).__qualname__,
            "message": scrub.text(_text(raised)),
            "traceback": scrub.text(cut, MAX_TRACEBACK + 1),
        }
    stack = event.pop("stack_info", None)
    if isinstance(stack, str) and stack:
        event["stack"] = scrub.text(stack, MAX_TRACEBACK)
    return event


def _exception(given: Any) -> BaseException | None:
    if not given:
        return None
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple) and len(given) == 3:
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exception()


def _scrubbed(_logger: Any, _method: str, event: Event) -> Event:
    """Take secrets out, and bound what is left; what is documented comes first."""
    told = {name: event.pop(name) for name in _TOLD if name in event}
    head = {name: event.pop(name) for name in _ORDER if name in event}
    head["event"] = scrub.text(head["event"], MAX_EVENT)
    return head | scrub.mapping(event) | told


def _for_people(_logger: Any, _method: str, event: Event) -> Event:
    """Leave nothing that begins a line or that a terminal obeys; a traceback comes as text below."""
    told = event.pop("exception", None)
    stack = event.pop("stack", None)
    plain: Event = {_plain(name): _plain(value) for name, value in event.items()}
    if isinstance(told, dict):
        plain["exception"] = _below(told["traceback"])
    if isinstance(stack, str):
        plain["stack"] = _below(stack)
    return plain


def _plain(value: Any) -> Any:
    return value.translate(_CONTROLS) if isinstance(value, str) else value


def _below(text: str) -> str:
    """Indent lines, so that none of them looks like one of the log."""
    return "\n".join(f"  {_plain(line)}" for line in text.rstrip("\n").split("\n"))


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
    """Return a line of what is certain, where no more can be done: while the interpreter ends, for example."""
    event = "<unprintable>"
    with contextlib.suppress(Exception):
        event = scrub.text(record.getMessage(), MAX_EVENT)
    said = {"level": record.levelname.lower(), "logger": record.name, "event": event}
    return json.dumps(said | {"place": f"{record.pathname}:{record.lineno}"})
