"""The name of this process among those that handle tasks: a worker's node name, else service and host."""

from __future__ import annotations

import socket
from functools import cache

from monitoring.conf import get_config

_named: list[str] = []


def name() -> str:
    """Return the name, such as `celery@host`."""
    return _named[-1] if _named else f"{get_config().service}@{_host()}"


def become(worker: str) -> None:
    """Take the name of the worker this process is, or is going to be a child of."""
    _named[:] = [worker]


@cache
def _host() -> str:
    return socket.gethostname()
