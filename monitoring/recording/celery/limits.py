"""Time limits of tasks that offer a most (`time_limit_most`): raised in a worker's main process for what comes next.

A message mostly carries the limits of who published it, so it is the message that is changed, once it was received.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.recording.effects import effects, timing

FIRST = "task"
MOST = "time_limit_most"
"""Attribute of a task: seconds beyond which nothing raises its time limits."""
_POOL = "prefork"
_MAX_TASKS = 100
_offered: dict[str, dict[str, float]] = {}


def follow(consumer: Any, pool: str) -> None:
    """Have the limits of this worker's tasks raised when recovery says so.

    Args:
        consumer: The worker's consumer.
        pool: The kind of its pool: others than prefork cannot end a task.
    """
    _offered.clear()
    if pool == _POOL:
        for name, task in consumer.app.tasks.items():
            found = _limits(task, consumer.app)
            if found is not None and len(_offered) < _MAX_TASKS:
                _offered[str(name)] = found
    timing.register(FIRST, _apply, lambda: dict(_offered) or None)


def _limits(task: Any, app: Any) -> dict[str, float] | None:
    """Return the limits of a task that offers a most, in seconds."""
    most = getattr(task, MOST, None)
    if not isinstance(most, int | float) or isinstance(most, bool):
        return None
    soft = task.soft_time_limit or app.conf.task_soft_time_limit
    hard = task.time_limit or app.conf.task_time_limit
    given = {name: float(limit) for name, limit in (("soft", soft), ("hard", hard)) if limit}
    return {**given, "most": float(most)} if given and most > max(given.values()) else None


def _apply(name: str, value: dict[str, Any] | None) -> str | None:
    if value is None or name in _offered:
        return None
    return f"No worker here can raise the limits of {name}: prefork and `{MOST}` are needed."


def adjust(request: Any) -> None:
    """Raise the limits of a message that was just received, if that was decided.

    Args:
        request: The worker's request.
    """
    value = effects.standing(timing.KIND, f"{FIRST}:{request.name}")
    if value is not None:
        hard, soft = request.time_limits
        request.time_limits = (_raised(value, "hard", hard), _raised(value, "soft", soft))


def _raised(value: Mapping[str, Any], name: str, given: float | None) -> float | None:
    """Return the higher one of what the message says and what was decided."""
    seconds = value.get(name)
    if not isinstance(seconds, int | float):
        return given
    return max(float(seconds), float(given or 0))
