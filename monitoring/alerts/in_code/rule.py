"""A rule whose condition is a function, and the alert that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitoring.alerts.levels import AlertLevel
from monitoring.alerts.rules.template import render

from .event import ErrorEvent

Condition = Callable[[ErrorEvent], Any]
"""Says whether an error is one to alert of; may be a coroutine function."""


@dataclass
class CodeRule:
    """A rule whose condition is a function.

    Attributes:
        cooldown: Seconds within which it alerts once in this process, for errors of one type and endpoint.
        last: When it last did, in seconds of the monotonic clock, by error type and endpoint.
    """

    name: str
    condition: Condition
    level: AlertLevel
    template: str
    cooldown: float
    last: dict[tuple[str, str], float] = field(default_factory=dict)


def alert_of(rule: CodeRule, event: ErrorEvent) -> dict[str, Any]:
    """Return an alert as channels are told it."""
    about = event.as_json()
    known = {name: "unknown" if value is None else value for name, value in about.items()}
    return {
        "name": rule.name,
        "message": render(rule.template, known),
        "alert_level": rule.level.value,
        "timestamp": about["timestamp"],
        "error_event": about,
    }
