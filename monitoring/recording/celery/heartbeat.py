"""What a worker says of itself every few seconds: its pool, its queues, what it is busy with, and its memory."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any, TypeVar

import celery
import psutil
from celery.worker import state as worker_state

from monitoring.recording import node, supervision, wire
from monitoring.recording.events import MAX_TASK_ID
from monitoring.recording.pulse import Pulse

_MAX_ACTIVE = 200
_MAX_QUEUES = 200
_TRIES = 5
_pulses: list[Pulse] = []
Found = TypeVar("Found")


def begin(consumer: Any) -> None:
    """Begin to say that this worker lives.

    Args:
        consumer: The worker's consumer.
    """
    if not _pulses and consumer is not None:
        pulse = Pulse("worker", node.name(), lambda: describe(consumer))
        pulse.start()
        _pulses.append(pulse)


def end() -> None:
    """Say that this worker leaves."""
    while _pulses:
        _pulses.pop().stop()


def describe(consumer: Any) -> dict[str, Any]:
    """Return the state of a worker, as plain JSON.

    Args:
        consumer: The worker's consumer.
    """
    pool: Any = getattr(consumer, "pool", None)
    active, reserved = _copy(worker_state.active_requests), _copy(worker_state.reserved_requests)
    processes = _processes(pool)
    return {
        "instance": node.instance(),
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started_at": node.started(),
        "celery": celery.__version__,
        "supervised": supervision.of_worker(),
        "pool": pool_kind(consumer),
        "concurrency": _asked(lambda: int(pool.num_processes), _asked(lambda: int(pool.limit), 1)),
        "autoscale": _autoscale(consumer),
        "busy": len(active),
        "active": [_running(request) for request in active[:_MAX_ACTIVE]],
        "reserved": len(reserved),
        "prefetched": max(0, len(reserved) - len(active)),
        "finished": max(0, worker_state.all_total_count[0] - len(active)),
        "queues": _asked(lambda: sorted(q.name for q in consumer.task_consumer.queues)[:_MAX_QUEUES], []),
        "processes": processes,
        "rss": _memory(processes),
    }


def _copy(requests: Any) -> list[Any]:
    """Copy a set that the worker changes meanwhile."""
    for _ in range(_TRIES):
        try:
            return list(requests)
        except RuntimeError:  # it changed while it was read
            continue
    return []


def _running(request: Any) -> dict[str, Any]:
    """Return one task, by the id under which its execution is known."""
    task_id, began = wire.name(str(request.id)[:MAX_TASK_ID]), request.time_start
    return {"id": task_id, "name": wire.name(str(request.name)), "started": round(began, 3) if began else None}


def pool_kind(consumer: Any) -> str:
    """Return the name of a worker's pool, as on Celery's command line."""
    module = type(getattr(consumer, "pool", None)).__module__.rpartition(".")[2]
    return {"thread": "threads"}.get(module, module)


def _processes(pool: Any) -> list[int]:
    """Return the processes of a pool that has any of its own."""
    return _asked(lambda: [process.pid for process in pool._pool._pool if process.pid], [])


def _memory(children: list[int]) -> int:
    """Return the resident bytes of this process and its pool's."""
    total = 0
    for pid in (os.getpid(), *children):
        total += _asked(lambda pid=pid: int(psutil.Process(pid).memory_info().rss), 0)  # type: ignore[misc]
    return total


def _autoscale(consumer: Any) -> list[int] | None:
    scaler = getattr(getattr(consumer, "controller", None), "autoscaler", None)
    return [scaler.max_concurrency, scaler.min_concurrency] if scaler is not None else None


def _asked(question: Callable[[], Found], otherwise: Found) -> Found:
    """Ask something that not every pool can answer."""
    try:
        return question()
    except Exception:  # pools differ in what they have; a heartbeat says what it can
        return otherwise
