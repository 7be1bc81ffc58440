"""Can this process serve? Asked of its own connections, at most every five seconds, whoever asks how often.

A thread of its own looks; those who ask wait for it a moment at most. A server that hangs holds no thread that serves.
It knows nothing of Celery, beat, storage or the evaluator: what all processes share must not take all of them out of
the load balancer at once.
"""

from __future__ import annotations

import os
import threading
import time

from monitoring.component import Check, Status
from monitoring.conf import get_config

from .checks.database import Database
from .checks.migrations import Migrations
from .checks.redis import Redis
from .runner import Runner
from .snapshot import Part, Snapshot, advance, parts

CACHE_SECONDS = 5.0
LIMIT = 0.7
"""Seconds in which each of the three must answer, whatever its own time limit is."""
_MIGRATIONS = Migrations()
_CHECKS: tuple[Check, ...] = (Database(), Redis(), _MIGRATIONS)
_UNKNOWN = Part(Status.UNHEALTHY, "Not known yet")


class Readiness:
    """The readiness of one process. Use the module's `readiness`."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._runner = Runner()
        self._last: Snapshot | None = None
        self._looked = 0.0
        self._looking: threading.Event | None = None

    def reset(self) -> None:
        """Forget everything: after a fork, and when settings change."""
        self._begin()

    def pending(self) -> threading.Event | None:
        """Return what is set once a fresh answer is known; None when one is known already."""
        with self._lock:
            if self._last is not None and time.monotonic() - self._looked < CACHE_SECONDS:
                return None
            if self._looking is None:
                landed = threading.Event()
                try:
                    threading.Thread(target=self._look, args=(landed,), name="enginel-ready", daemon=True).start()
                except RuntimeError:  # no more threads in this system
                    return None
                self._looking = landed
            return self._looking

    def parts(self) -> dict[str, Part]:
        """Return what was found last. Waits for nothing, touches nothing."""
        last = self._last
        return parts(last.checks.values()) if last else {check.component: _UNKNOWN for check in _CHECKS}

    def _look(self, landed: threading.Event) -> None:
        config, before = get_config(), self._last
        try:
            outcomes = self._runner.run(self._asked(before), LIMIT)
            fall, rise = config.health_fall, config.health_rise
            now = advance(before, _CHECKS, outcomes, version=1, now=time.time(), fall=fall, rise=rise)
            with self._lock:
                if self._looking is landed:  # nobody has begun anew meanwhile
                    self._last, self._looked = now, time.monotonic()
        finally:
            with self._lock:
                if self._looking is landed:
                    self._looking = None
            landed.set()

    @staticmethod
    def _asked(before: Snapshot | None) -> list[Check]:
        """Return what to look at: nobody takes migrations back under a process that runs."""
        known = before.checks.get(_MIGRATIONS.id) if before else None
        applied = known is not None and known.recent[-1] == Status.HEALTHY.badness
        return [check for check in _CHECKS if check is not _MIGRATIONS or not applied]


readiness = Readiness()
os.register_at_fork(after_in_child=readiness.reset)
