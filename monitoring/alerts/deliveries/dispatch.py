"""Which destinations are served, side by side: a slow channel holds up nobody but itself.

Each destination is served by a thread of its own, a few at a time in a process; whoever starts them waits only for a
moment, so that a worker's threads and processes are left to other work.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from queue import Empty, SimpleQueue

from django.db import connections

from . import escalation, gates, parcels, tidying
from .desk import Desk
from .models import DeliveryGate
from .sending import serve

_SENDERS, _SENDERS_TO_FAILING = 16, 4
_LOOK_SECONDS = 0.5
_logger = logging.getLogger(__name__)
_serving: dict[str, threading.Thread] = {}
_lock = threading.Lock()


def deliver(desk: Desk) -> bool:
    """Escalate what is due to be, and send what is due to be sent.

    Args:
        desk: What messages are sent with.

    Returns:
        Whether there is more that could be sent at once.
    """
    tidying.tidy(desk)
    if not desk.config.alerts_sent:
        return False
    escalation.escalate(desk)
    ends = time.monotonic() + desk.wait_seconds
    finished: SimpleQueue[tuple[str, int]] = SimpleQueue()
    under_way, stuck, fruitful = set[str](), set[str](), set[str]()
    while True:
        waiting = [row for row in due(desk) if row.key not in stuck]
        under_way |= {row.key for row in waiting if _start(row, desk, finished)}
        left = ends - time.monotonic()
        if not under_way or left <= 0:
            return any(row.key in fruitful for row in waiting)
        with contextlib.suppress(Empty):
            # Beside a slow channel, others are looked for again and again.
            key, sent = finished.get(timeout=min(left, _LOOK_SECONDS))
            under_way.discard(key)
            (fruitful if sent else stuck).add(key)


def due(desk: Desk) -> list[DeliveryGate]:
    """Return the ways on which something is to be sent now: those first that do not fail, and that wait longest."""
    waiting = parcels.is_due(desk.now(), desk.alias)
    free = gates.passable(desk.now(), desk.alias).in_bulk(waiting) if waiting else {}
    return sorted((free[key] for key in waiting if key in free), key=lambda row: row.failures > 0)


def _start(row: DeliveryGate, desk: Desk, finished: SimpleQueue[tuple[str, int]]) -> bool:
    """Start serving a destination, unless this process serves enough of them; return whether it began."""

    def run() -> None:
        sent = 0
        try:
            sent = serve(row.key, desk)
        except Exception:  # what was under way is tried again when its lease is over
            _logger.exception("Messages to %s could not be sent", row.label)
        finally:
            connections.close_all()
            finished.put((row.key, sent))

    with _lock:
        for key in [key for key, thread in _serving.items() if not thread.is_alive()]:
            del _serving[key]
        if row.key in _serving or len(_serving) >= (_SENDERS_TO_FAILING if row.failures else _SENDERS):
            return False
        _serving[row.key] = threading.Thread(target=run, name="enginel-alerts", daemon=True)
        _serving[row.key].start()
    return True
