"""Celery hooks: stamp and count what is published, record what runs, and say that a worker lives.

`publishing` runs wherever tasks are sent, `execution` where they run, `worker` and `kills` in a worker's main process.
"""

from __future__ import annotations

from celery import signals

from monitoring.recording import decisions, presence
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER

from . import execution, kills, priority, publishing, worker

__all__ = ["HEADER", "connect"]

_RECEIVERS = (
    (signals.before_task_publish, publishing.stamp),
    (signals.before_task_publish, priority.raise_priority),
    (signals.after_task_publish, publishing.count),
    (signals.task_prerun, execution.start),
    (signals.task_postrun, execution.end),
    (signals.task_failure, execution.failed),
    (signals.task_internal_error, execution.broken),
    (signals.worker_process_shutdown, execution.close),
    (signals.celeryd_init, worker.become),
    (signals.celeryd_init, kills.watch),
    (signals.task_retry, kills.retried),
    (signals.task_received, worker.received),
    (signals.task_revoked, worker.revoked),
    (signals.task_unknown, worker.unknown),
    (signals.task_rejected, worker.rejected),
    (signals.worker_ready, worker.ready),
    (signals.worker_shutdown, worker.leave),
)


def connect() -> None:
    """Listen to Celery's signals in this process, once, unless recording is off."""
    if not recorder.enabled:
        return
    for signal, receiver in _RECEIVERS:
        signal.connect(receiver, weak=False, dispatch_uid=f"enginel-{receiver.__module__}-{receiver.__name__}")
    decisions.copy.follow(presence.companion)
    priority.follow()
