"""The name of this process among those that handle tasks: a worker's node name, else service and host."""

from __future__ import annotations

import os
import secrets
import socket
import time
from functools import cache

from monitoring.conf import get_config

_named: list[str] = []
_since: list[float] = []
_process: list[int] = []
_instance: list[str] = []


def name() -> str:
    """Return the name, such as `celery@host`."""
    return _named[-1] if _named else f"{get_config().service}@{_host()}"


def become(worker: str) -> None:
    """Take the name of the worker this process is, or is going to be a child of."""
    _named[:] = [worker]
    _since[:] = [time.time()]
    _process[:] = [os.getpid()]
    _instance[:] = [secrets.token_hex(6)]


def instance() -> str:
    """Return what tells this worker, its main process and its pool, from others of its name; nothing elsewhere."""
    return _instance[-1] if _instance else ""


def is_child() -> bool:
    """Say whether this is a process of a worker's pool, of whose end its main process tells."""
    return bool(_process) and _process[-1] != os.getpid()


def started() -> float:
    """Return when the worker took its name, in seconds since the epoch: before it ran any task."""
    return _since[-1] if _since else time.time()


@cache
def _host() -> str:
    return socket.gethostname()


def forget() -> None:
    """Be no worker any more."""
    _named.clear()
    _since.clear()
    _process.clear()
    _instance.clear()
