"""`ErrorAlertingSystem`: where a project registers conditions and channels as functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from monitoring.alerts.levels import AlertLevel

from . import discovery, thread
from .event import ErrorEvent
from .rule import CodeRule, Condition

Channel = Callable[[Mapping[str, Any]], Any]
"""Takes an alert, a dict of `name`, `message`, `alert_level`, `timestamp`, `error_event`; may be a coroutine."""
_MOST_NAME, _MOST_TEMPLATE = 100, 500


class ErrorAlertingSystem:
    """Alerts of what functions of the project find in single errors, told through functions of the project.

    Conditions see each error that this process sends in full, with a moment's delay and on a thread of their own;
    repetitions beyond `ERRORS_PER_MINUTE` of one place in the code are not shown again. Under Django, register rules
    and channels in an app's `monitoring_hooks.py`, which every process imports: the monitoring workers deliver then,
    each alert once. A channel that is registered elsewhere is called in its own process.

    A condition or channel that raises is counted and logged, and stops nothing else.
    """

    def __init__(self) -> None:
        self._rules: dict[str, CodeRule] = {}
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()

    def add_alert_rule(
        self,
        name: str,
        condition: Condition,
        alert_level: AlertLevel | str = AlertLevel.ERROR,
        message_template: str = "{error_type} at {endpoint}: {message}",
        cooldown_minutes: float = 5,
    ) -> None:
        """Alert of the errors that a function says yes to; a rule of the same name is replaced.

        Args:
            name: Of the rule, up to 100 characters.
            condition: Takes an `ErrorEvent`; sync or async.
            alert_level: How loud.
            message_template: The alert's sentence; attributes of the event stand in braces.
            cooldown_minutes: For so long it alerts once of errors of one type and endpoint.

        Raises:
            ValueError: An argument is not of its form.
            TypeError: The condition cannot be called.
        """
        name = _name(name, "rule")
        if not callable(condition):
            raise TypeError("the condition of a rule must be a function")
        if not _is_line(message_template, _MOST_TEMPLATE):
            raise ValueError(f"the template of a message must be one line of 1 to {_MOST_TEMPLATE} characters")
        minutes = isinstance(cooldown_minutes, int | float) and not isinstance(cooldown_minutes, bool)
        if not minutes or not 0 <= cooldown_minutes <= 7 * 24 * 60:
            raise ValueError("the cooldown must be 0 to 10080 minutes")
        rule = CodeRule(name, condition, AlertLevel(alert_level), message_template, cooldown_minutes * 60)
        with self._lock:
            self._rules[rule.name] = rule
        thread.attend(self)

    def add_alert_channel(self, name: str, channel: Channel) -> None:
        """Tell a function of alerts; one of the same name is replaced.

        Args:
            name: Of the channel, up to 100 characters.
            channel: Takes the alert as a dict; sync or async.

        Raises:
            ValueError: The name is not of its form.
            TypeError: The channel cannot be called.
        """
        name = _name(name, "channel")
        if not callable(channel):
            raise TypeError("a channel must be a function")
        if discovery.is_running():
            discovery.share(name, channel)
        else:
            self._channels[name] = channel

    def due(self, event: ErrorEvent) -> list[CodeRule]:
        """Return the rules that alert of an error now; each of them begins its cooldown."""
        return [rule for rule in list(self._rules.values()) if thread.holds(rule, event) and self._begins(rule, event)]

    def tell(self, alert: Mapping[str, Any]) -> None:
        """Call the channels of this process."""
        for name, channel in list(self._channels.items()):
            thread.call(f"the alert channel {name!r}", channel, alert)

    def _begins(self, rule: CodeRule, event: ErrorEvent) -> bool:
        """Whether a rule has not alerted of such errors lately."""
        now, kind = time.monotonic(), (event.error_type.value, event.endpoint)
        with self._lock:
            rule.last = {one: at for one, at in rule.last.items() if now - at < rule.cooldown}
            if kind in rule.last:
                return False
            rule.last[kind] = now
        return True


def _name(name: object, of: str) -> str:
    """Return a name as it can be stored and shown.

    Raises:
        ValueError: It cannot.
    """
    stripped = name.strip() if isinstance(name, str) else ""
    if not _is_line(stripped, _MOST_NAME):
        raise ValueError(f"the name of a {of} must be one line of 1 to {_MOST_NAME} characters")
    return stripped


def _is_line(text: object, most: int) -> bool:
    """Whether a text is printable to its last character, as everything is that rules hold."""
    return isinstance(text, str) and 0 < len(text) <= most and text.isprintable()
