"""An alert as functions are told it: the documented dict, with what else is known."""

from __future__ import annotations

from typing import Any

from monitoring.alerts.levels import level_of

from .. import rendering, texts
from ..base import Message

_OF_ERROR = ("error_type", "endpoint", "user_id", "severity", "message", "timestamp", "error_id", "service")
"""What every alert's `error_event` has, be it None."""


def alert_of(message: Message) -> dict[str, Any]:
    """Return the alert."""
    first = message.incidents[0] if message.incidents else None
    error: dict[str, Any] = dict.fromkeys(_OF_ERROR)
    if first is not None:
        error |= {
            "severity": first.severity,
            "message": texts.block(first.summary, 2_000),
            "timestamp": texts.plain(first.last_active or first.since),
            "service": first.service,
            "error_type": first.labels.get("error_type") or first.rule,
            "endpoint": first.labels.get("endpoint") or first.labels.get("route") or first.labels.get("name") or "",
            **texts.plain(first.error),
        }
    return {
        "name": texts.line(first.rule if first is not None else message.title, 200),
        "message": texts.line(message.title, 500),
        "alert_level": level_of(message.severity).value,
        "timestamp": texts.plain(message.at),
        "error_event": error,
        "kind": message.kind.value,
        "idempotency_key": message.idempotency_key,
        "text": rendering.text(message).rstrip(),
        "incidents": [incident.id for incident in message.incidents],
    }
