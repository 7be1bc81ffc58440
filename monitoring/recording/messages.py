"""The original messages of tasks that an operator has chosen, so that one that failed or was lost can be run again.

A message is taken when its task starts, since a worker that is killed tells nothing, and let go when the task succeeds.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

from kombu.utils import json

from . import arguments, schedule, scrub
from .events import MAX_TASK_ID, Message
from .recorder import recorder
from .stamp import HEADER, RAISED

RERUN_OF = "enginel_rerun_of"
"""Header of a message that is published again: the id of the original."""
MAX_BYTES = 64 * 1024
"""Longer messages are not kept."""
_MAX_SHOWN = 2_000
# Whatever belongs to one sending alone; beat's entry would count the run as one more of its own.
_NOT_REPEATED = frozenset({HEADER, RAISED, RERUN_OF, schedule.ENTRY, schedule.ORIGIN, "x-death", "x-first-death-queue"})
_OF_A_GROUP = ("chord", "group_id", "group_index")


def capture(task: Any, request: Any) -> None:
    """Record the message of a task that starts, if it is one of those whose messages are kept.

    Args:
        task: The Celery task.
        request: Celery's request of this execution; a retry is not a message of its own.
    """
    try:
        if not is_captured(task.name) or request.retries or request.is_eager:
            return
        body, problem = _encode(task.name, request)
        task_id, shown = str(request.id)[:MAX_TASK_ID], arguments.shown(task.run, request.args, request.kwargs)
        text = scrub.text(json.dumps(shown), _MAX_SHOWN)
        recorder.record_fact(Message(time.time_ns(), task.name, task_id, body, text, problem))
    except Exception:  # the task must run
        recorder.failed()


def settle(name: str, task_id: str) -> None:
    """Record that a task succeeded, so that its message is let go."""
    try:
        if is_captured(name):
            recorder.record(Message(time.time_ns(), name, task_id[:MAX_TASK_ID], settled=True))
    except Exception:  # the worker must go on
        recorder.failed()


def is_captured(name: str) -> bool:
    """Whether the messages of a task are kept."""
    patterns = recorder.config.capture_arguments
    return bool(patterns) and recorder.enabled and _matches(name, patterns)


@lru_cache(maxsize=1_000)
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _encode(name: str, request: Any) -> tuple[str, str]:
    """Return a message as text, or why it cannot be kept."""
    message = _message(name, request)
    try:
        text = json.dumps(message)
        faithful = json.loads(text) == message
    except (TypeError, ValueError, RecursionError):
        faithful = False
    if not faithful:
        return "", "its arguments are not plain JSON"
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return "", f"it is longer than {MAX_BYTES // 1024} kB"
    return text, ""


def _message(name: str, request: Any) -> dict[str, Any]:
    """Return what is needed to send a task once more; times to start and to expire were meant for the first time."""
    delivery: Mapping[str, Any] = request.delivery_info or {}
    hard, soft = request.timelimit or (None, None)
    message = {
        "name": name,
        "args": list(request.args or ()),
        "kwargs": dict(request.kwargs or {}),
        "exchange": delivery.get("exchange") or "",
        "routing_key": delivery.get("routing_key") or "",
        "priority": delivery.get("priority"),
        "time_limit": hard,
        "soft_time_limit": soft,
        "shadow": request.shadow,
        "root_id": request.root_id,
        "parent_id": request.parent_id,
        "chain": [_alone(step) for step in request.chain or ()],
        "link": list(request.callbacks or ()),
        "link_error": list(request.errbacks or ()),
        "headers": {key: value for key, value in (request.headers or {}).items() if key not in _NOT_REPEATED},
    }
    message["dropped"] = [part for part in ("group", "chord", "eta", "expires") if getattr(request, part, None)]
    return {key: value for key, value in message.items() if value or key in ("args", "kwargs", "priority")}


def _alone(step: Any) -> Any:
    """Return a step of a chain without its group, for which it counted as failed with the task before it."""
    if not isinstance(step, Mapping):
        return step
    options = {key: value for key, value in step.get("options", {}).items() if key not in (*_OF_A_GROUP, "task_id")}
    return {**step, "options": options}
