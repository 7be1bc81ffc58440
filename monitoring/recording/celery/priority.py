"""Where tasks are sent: messages of a task get the priority that recovery decided upon, if it is better than theirs."""

from __future__ import annotations

from typing import Any

from monitoring.recording import effects
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import RAISED

KIND = "priority"
LOWEST_FIRST = "lowest_first"
"""Member of the decision: whether a lower number is better, as on Redis."""


def follow() -> None:
    """Have this process raise what it publishes when recovery says so."""
    effects.register(KIND, apply)


def apply(name: str, value: dict[str, Any] | None) -> str | None:
    """Take a decision over: it is looked at with each message.

    Args:
        name: The task's.
        value: Its `priority`, what order it came of (`order`), and whether the lowest is first; None when it ends.
    """
    del name
    return None if value is None or isinstance(value.get("priority"), int) else "It names no priority."


def raise_priority(sender: str = "", headers: dict[str, Any] | None = None, **message: Any) -> None:
    """Raise a message that is about to be sent, and note on it what its priority was."""
    try:
        value, properties = effects.standing(KIND, str(sender)), message.get("properties")
        if value is None or headers is None or properties is None:
            return
        priority, before = value["priority"], properties.get("priority") or 0
        better = priority < before if value.get(LOWEST_FIRST) else priority > before
        if better:
            properties["priority"] = priority
            headers[RAISED] = f"{value['order']};{before}"
    except Exception:  # the message must be sent
        recorder.failed()
