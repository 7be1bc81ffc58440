"""A prefork pool restarts by thirds: each process ends after its task, and the pool starts another one.

It can where `worker_pool_restarts` is on, which gives each process an event that tells it to go. A process that is idle
looks at it after its next task only, so idle ones are given tasks that do nothing.
"""

from __future__ import annotations

from typing import Any

from celery.utils.functional import noop

from monitoring.recording.effects import effects
from monitoring.recording.native import NativeThread
from monitoring.recording.recorder import recorder

_SHARE = 3
_PAUSE = 0.1
_kept: list[Any] = []
_running: list[str] = []


def follow(consumer: Any) -> None:
    """Offer to restart the pool of this worker.

    Args:
        consumer: The worker's consumer.
    """
    _kept[:] = [consumer]
    effects.offer("pool_restart", able)


def able() -> bool:
    """Return whether the processes of this worker's pool can be told to go."""
    found = _controls()
    return bool(found) and all(control is not None for control in found.values())


def recycle(order: str, seconds: float) -> str | None:
    """Begin to restart the pool; return why it cannot be.

    Args:
        order: What asked for it; the same again does nothing more.
        seconds: How long one third has to end before the next one is told, too.
    """
    if order in _running:
        return None
    if not able():
        return "Its pool cannot restart: that takes a prefork pool and `worker_pool_restarts`."
    _running[:] = [order]
    NativeThread(lambda: _by_thirds(sorted(_controls()), seconds)).start()
    return None


def _controls() -> dict[int, Any]:
    """Return what tells each process of the pool to go, by its number."""
    pool = getattr(getattr(_kept[-1], "pool", None), "_pool", None) if _kept else None
    return dict(getattr(pool, "_poolctrl", None) or {})


def _by_thirds(pids: list[int], seconds: float) -> None:
    try:
        pause, step = NativeThread(lambda: None).pause, max(len(pids) // _SHARE, 1)
        for first in range(0, len(pids), step):
            told, prods = set(pids[first : first + step]), _Prods()
            for pid, control in _controls().items():
                if pid in told:
                    control.set()
            for _ in range(int(seconds / _PAUSE)):
                now = _controls()
                if not told & now.keys() and len(now) >= len(pids):
                    break
                prods.give(len(now))
                pause(_PAUSE)
    except Exception:  # the worker must go on
        recorder.failed()


class _Prods:
    """Tasks that do nothing, as many as there are processes; more of them once all of those were taken."""

    def __init__(self) -> None:
        self._given: list[Any] = []

    def give(self, count: int) -> None:
        """Have the worker's own thread hand them out, as a pool is nobody else's to use."""
        hub = getattr(_kept[-1], "hub", None)
        if hub is not None and all(one.ready() for one in self._given):
            self._given.clear()
            hub.call_soon(self._hand_out, count)

    def _hand_out(self, count: int) -> None:
        if not self._given:
            self._given.extend(_kept[-1].pool._pool.apply_async(noop) for _ in range(count))
