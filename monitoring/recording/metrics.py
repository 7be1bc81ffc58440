"""Counters and gauges, as recorded by application code."""

from __future__ import annotations

import time

from .context import current
from .decorators import record_seconds
from .events import Counter, Gauge
from .recorder import recorder


def increment_counter(name: str, value: float = 1) -> None:
    """Add to a counter.

    Args:
        name: Name of the counter.
        value: How much; a negative amount is refused and counted, as counters never fall.
    """
    recorder.record(Counter(time.time_ns(), name, value))


def record_gauge(name: str, value: float) -> None:
    """Set a gauge; the latest value counts, for five minutes.

    Args:
        name: Name of the gauge.
        value: Its value now.
    """
    recorder.record(Gauge(time.time_ns(), name, value))


def track_celery_task(task_name: str, duration: float, status: str) -> None:
    """Count a task by hand, under `celery_task_<name>` and `celery_task_<name>_<status>`.

    Celery's tasks are counted by themselves, under their full names. Inside of one, another name is a second name for
    the same execution: it has counters of its own, but does not count among all tasks again. The task's own name counts
    nothing there.

    Args:
        task_name: What to count it as.
        duration: Seconds it took; kept as the operation `celery_task_<name>`.
        status: How it ended, such as `SUCCESS` or `FAILED`; `FAILURE`, as Celery calls it, counts as `FAILED`.
    """
    context = current.get()
    task = context.name if context is not None and context.task_id else ""
    if task == task_name:
        return
    ended = "FAILED" if status == "FAILURE" else status
    counter = f"celery_task_{task_name}"
    counted = [counter, f"{counter}_{ended}"]
    if not task:
        counted += ["celery_task_total", f"celery_task_{ended}"]
    for name in counted:
        increment_counter(name)
    record_seconds(counter, duration, failed=ended not in {"SUCCESS", "RETRY"})
