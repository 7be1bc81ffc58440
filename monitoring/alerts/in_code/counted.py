"""Thresholds that code has set in a service without Django: counted in its own process, as no worker knows of them."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from functools import cache

from monitoring.alerts.levels import level_of
from monitoring.alerts.rules import thresholds
from monitoring.classification import ErrorSeverity

from .event import ErrorEvent
from .system import ErrorAlertingSystem

WINDOW = timedelta(minutes=10)
_MOST_GROUPS, _MOST_TIMES = 1_000, 1_000
_TEMPLATE = "{error_type} at {endpoint} as often as {severity} errors are worth an alert: {message}"


class Reached:
    """A condition: so many errors of one severity and group have come within the window.

    Args:
        severity: Whose threshold it is.
    """

    def __init__(self, severity: ErrorSeverity) -> None:
        self._severity = severity
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, event: ErrorEvent) -> bool:
        """Count an error; return whether the threshold is reached."""
        wanted = thresholds.given().get(self._severity.value)
        if event.severity != self._severity or wanted is None:
            return False
        with self._lock:
            times = self._seen.setdefault(event.fingerprint, deque(maxlen=_MOST_TIMES))
            self._seen.move_to_end(event.fingerprint)
            while len(self._seen) > _MOST_GROUPS:
                self._seen.popitem(last=False)
            times.append(event.timestamp)
            while event.timestamp - times[0] > WINDOW:
                times.popleft()
            return len(times) >= wanted


@cache
def attend() -> ErrorAlertingSystem:
    """Count the errors of this process from now on; again and again it is the same."""
    system = ErrorAlertingSystem()
    for severity in ErrorSeverity:
        system.add_alert_rule(
            name=f"threshold_{severity.value}",
            condition=Reached(severity),
            alert_level=level_of(severity),
            message_template=_TEMPLATE,
            cooldown_minutes=WINDOW.total_seconds() / 60,
        )
    return system
