"""Errors as events of Sentry. Pure functions over values; the SDK bounds and serializes what they return."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from .records import Record
from .told import Told, tell

_LEVELS = {logging.CRITICAL: "fatal", logging.ERROR: "error", logging.WARNING: "warning", logging.INFO: "info"}
_CRUMB_LEVELS = {"critical": "fatal", "error": "error", "warning": "warning", "info": "info", "debug": "debug"}
_SPAN_DIGITS = 16


def event(record: Record) -> dict[str, Any]:
    """Return an error as an event. Its id is the error's, so that Sentry keeps one of those that come twice."""
    told = tell(record)
    found = {
        "event_id": told.error_id,
        "timestamp": record.at / 1000,
        "platform": "python",
        "level": _LEVELS[told.level],
        "logger": told.values.get("logger"),
        "transaction": told.name,
        "release": record.release,
        "environment": record.environment,
        "server_name": str(told.values.get("worker") or "").rpartition("@")[2],
        "fingerprint": [told.fingerprint],
        "tags": _tags(told),
        "user": _filled({"id": told.ids.get("user_id"), "ip_address": told.values.get("client")}),
        "request": _request(told.values["request"]),
        "contexts": _filled({"trace": _trace(told), "enginel": dict(told.values["context"])}),
        "breadcrumbs": _filled({"values": [_crumb(one) for one in told.values["crumbs"] if _is_crumb(one)]}),
    }
    if told.type:
        found["exception"] = {"values": [_exception(one, told) for one in reversed(told.chain)]}
    else:
        found["logentry"] = {"formatted": told.message or told.title, "message": told.values.get("template")}
    return _filled(found)


def _tags(told: Told) -> dict[str, str]:
    return _filled(
        {
            "service": told.service,
            "kind": told.kind,
            "severity": told.severity,
            "status": str(told.status or ""),
            "route": told.route,
            "request_id": told.ids.get("request_id"),
            "task_id": told.ids.get("task_id"),
        }
    )


def _trace(told: Told) -> dict[str, str]:
    """Return where in a trace it happened; Sentry wants a span's id, which an error alone may not have."""
    trace = told.ids.get("trace_id")
    return {"trace_id": trace, "span_id": told.ids.get("span_id") or told.error_id[:_SPAN_DIGITS]} if trace else {}


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    return _filled(
        {
            "method": request.get("method"),
            "url": request.get("url"),
            "headers": request.get("headers"),
            "data": request.get("body"),
        }
    )


def _exception(raised: Mapping[str, Any], told: Told) -> dict[str, Any]:
    module, _, name = raised["type"].rpartition(".")
    source, variables = raised.get("source", {}), raised.get("locals", {})
    frames = [_frame(one, source.get(str(at)), variables.get(str(at))) for at, one in enumerate(raised["frames"])]
    return _filled(
        {
            "type": name,
            "module": module,
            "value": raised["message"],
            "mechanism": {"type": "enginel", "handled": told.values.get("handled") is True},
            "stacktrace": {"frames": frames} if frames else None,
        }
    )


def _frame(frame: Sequence[Any], source: Any, variables: Any) -> dict[str, Any]:
    module, file, function, line, own = frame
    found = {"module": module, "filename": file, "abs_path": file, "function": function, "lineno": line or None}
    return _filled({**found, **_source(source, line), "vars": variables}) | {"in_app": own}


def _source(shown: Any, line: int) -> dict[str, Any]:
    """Return the lines of source around a frame's, where they travelled: the first one's number, and the lines."""
    try:
        first, lines = shown
        at = line - first
        if not 0 <= at < len(lines):
            return {}
        return {"pre_context": lines[:at], "context_line": lines[at], "post_context": lines[at + 1 :]}
    except (TypeError, ValueError):
        return {}


def _is_crumb(crumb: Any) -> bool:
    return isinstance(crumb, list) and len(crumb) == 4 and isinstance(crumb[0], int)


def _crumb(crumb: Sequence[Any]) -> dict[str, Any]:
    at, level, source, text = crumb
    level = _CRUMB_LEVELS.get(str(level).lower(), "info")
    return {"timestamp": at / 1000, "level": level, "category": source, "message": text}


def _filled(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", {}, [])}
