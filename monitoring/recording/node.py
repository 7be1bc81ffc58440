"""The name of this process among those that handle tasks: a worker's node name, else service and host."""

from __future__ import annotations

import socket
import time
from functools import cache

from monitoring.conf import get_config

_named: list[str] = []
_since: list[float] = []


def name() -> str:
    """Return the name, such as `celery@host`."""
    return _named[-1] if _named else f"{get_config().service}@{_host()}"


def become(worker: str) -> None:
    """Take the name of the worker this process is, or is going to be a child of."""
    _named[:] = [worker]
    _since[:] = [time.time()]


def started() -> float:
    """Return when the worker took its name, in seconds since the epoch: before it ran any task."""
    return _since[-1] if _since else time.time()


@cache
def _host() -> str:
    return socket.gethostname()
