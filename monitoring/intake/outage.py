"""Since when this process cannot store what it takes in: who judges clients must know of it.

An outage of the database that is shorter than the interval of health checks is seen by nobody else.
"""

from __future__ import annotations

import math
import threading
import time

_lock = threading.Lock()
_state: dict[str, float] = {}  # `since`, in seconds of the monotonic clock, while something is wrong


def began() -> None:
    """Note that the database did not take something in; that it did not before is known already."""
    with _lock:
        _state.setdefault("since", time.monotonic())


def seconds() -> int:
    """Return for how long, up to now, the database took nothing in; 0 where all is well."""
    since = _state.get("since")
    return 0 if since is None else max(1, math.ceil(time.monotonic() - since))


def ended() -> None:
    """Note that it takes things in."""
    with _lock:
        _state.clear()
