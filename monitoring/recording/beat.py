"""The beat process: its heartbeat, and what it publishes. Connect it with `connect()`; only beat itself then listens.

Each beat has a name of its own, also on the same host and after a restart: two that live at once are a fault, one after
the other is none.
"""

from __future__ import annotations

import atexit
import os
import secrets
import socket
import time
from typing import Any

from celery import signals

from . import presence, schedule
from .pulse import Pulse
from .recorder import recorder

_UID = "enginel-beat"
_STUCK_SECONDS = 300.0
"""A tick comes back within seconds, also while database and broker are away."""


def connect() -> None:
    """Listen for this process becoming a beat, unless recording is off."""
    if recorder.enabled:
        signals.beat_init.connect(_begin, weak=False, dispatch_uid=_UID)


def _begin(sender: Any = None, **_: Any) -> None:
    """Beat starts in this process."""
    try:
        beat = Beat(sender)
        signals.before_task_publish.connect(beat.sign, weak=False, dispatch_uid=_UID)
        signals.after_task_publish.connect(beat.published, weak=False, dispatch_uid=_UID)
        pulse = Pulse("beat", beat.node, beat.describe, beat.stuck)
        atexit.register(pulse.stop)
        pulse.start()
        presence.begin()
    except Exception:  # beat must run
        recorder.failed()


class Beat:
    """A beat as it is seen from inside of its process.

    Args:
        service: Celery's `beat.Service`.
    """

    def __init__(self, service: Any) -> None:
        self.node = f"beat-{os.getpid()}-{secrets.token_hex(2)}@{socket.gethostname()}"
        self._service = service
        self._born, self._born_at = time.monotonic(), time.time()

    def sign(self, headers: dict[str, Any] | None = None, **_: Any) -> None:
        """Put this beat's name on a message before it is published."""
        if headers is not None and schedule.ENTRY in headers:
            headers[schedule.ORIGIN] = self.node

    def published(self, headers: dict[str, Any] | None = None, routing_key: str | None = None, **_: Any) -> None:
        """Record a message after it was published: one that could not be sent is none."""
        try:
            if headers is not None:
                schedule.published(headers, routing_key or "")
        except Exception:  # beat must go on
            recorder.failed()

    def describe(self) -> dict[str, Any]:
        """Return what this beat says of itself; ages and uptime are in seconds."""
        scheduler = self._service.scheduler
        return {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "started_at": self._born_at,
            "uptime": time.monotonic() - self._born,
            "last_tick": self._since_tick(),
            "max_interval": scheduler.max_interval,
            "scheduler": f"{type(scheduler).__module__}.{type(scheduler).__qualname__}",
            # The heap, not the schedule: asking that for its entries would read the database in this thread.
            "entries": len(getattr(scheduler, "_heap", None) or ()),
        }

    def stuck(self) -> bool:
        """Whether its loop stands still; unlike a worker's, nothing is lost when it is restarted."""
        since = self._since_tick()
        return since is not None and since > _STUCK_SECONDS

    def _since_tick(self) -> float | None:
        # What Celery itself goes by when it is asked, over remote control, whether its beat still ticks.
        ticked = getattr(self._service, "_last_tick", None)
        return None if ticked is None else time.monotonic() - ticked
