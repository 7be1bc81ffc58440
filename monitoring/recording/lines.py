"""Which lines of the log are kept: so that the id of a trace, request or task leads to what was said in it.

Kept are those at `KEPT_LOG_LEVEL` and above, and those from INFO on in requests and tasks whose trace is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import time_ns
from typing import Any

from .context import Context
from .events import Counter, Line
from .raised.reading import ask
from .recorder import recorder

DROPPED = "log_lines_dropped_total"
"""Lines that were not kept, as their logger had too many in that minute."""
_NOTHING: Mapping[str, Any] = {}
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "enginel", "color_message"}
_DATA, _CELERY = "data", "celery"
_STRUCTLOG = frozenset(
    {"event", "logger", "level", "timestamp", "exc_info", "stack_info", "_record", "_from_structlog"}
)


def keep(record: logging.LogRecord, context: Context | None) -> None:
    """Record a line, if it is one to keep. It may raise; its caller counts that.

    Args:
        record: What was logged.
        context: Of the running request or task.
    """
    config = recorder.config
    level = record.levelno
    if level < getattr(logging, config.kept_log_level) and (
        level < logging.INFO or context is None or not context.kept
    ):
        return
    now = time_ns()
    if recorder.limiter.count(("line", record.name), now) > config.log_lines_per_minute:
        recorder.record(Counter(now, DROPPED, 1.0))
        return
    text, fields = said(record)
    ids = context.ids() if context is not None else {}
    at = int(record.created * 1_000_000_000)
    recorder.record_fact(Line(at, level, record.name, text, ids, fields))


def said(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return what a line says, and what was given with it; structlog hands its lines on as dicts.

    Args:
        record: What was logged.
    """
    handed = of_structlog(record)
    if handed is not None:
        text = ask(str, handed["event"], otherwise="<unprintable>")
        fields = {key: value for key, value in handed.items() if key not in _STRUCTLOG}
    else:
        text = ask(record.getMessage, otherwise="") or ask(str, record.msg, otherwise="<unprintable>")
        fields = extra_of(record)
        ours = vars(record).get("enginel")
        if isinstance(ours, dict):
            fields |= ours
    if record.exc_info and record.exc_info[0] is not None:
        fields["exception"] = record.exc_info[0].__name__
    return text, fields


def extra_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what was given as `extra` with a line; Celery gives the arguments of tasks, which are kept on demand only.

    Args:
        record: What was logged.
    """
    given = vars(record)
    return {
        key: given[key] for key in given.keys() - _STANDARD if not (key == _DATA and record.name.startswith(_CELERY))
    }


def of_structlog(record: logging.LogRecord) -> Mapping[str, Any] | None:
    """Return what structlog handed on in place of a text, or None."""
    message: Any = record.msg
    return message if isinstance(message, dict) and "event" in message else None


def template_of(record: logging.LogRecord) -> Any:
    """Return what a line says before its arguments are put in."""
    handed = of_structlog(record)
    return record.msg if handed is None else handed["event"]
