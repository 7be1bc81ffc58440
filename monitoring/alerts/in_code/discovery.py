"""`monitoring_hooks.py` of each app: imported once in every process, so that the workers know its channels too."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

logger = logging.getLogger("monitoring.alerts")
MODULE = "monitoring_hooks"
_running = threading.local()
problems: list[str] = []
"""What went wrong when this process imported the hooks, one line each."""
_shared: dict[str, Callable[[Mapping[str, Any]], Any]] = {}


def is_running() -> bool:
    """Whether this thread imports the hooks of apps right now."""
    return getattr(_running, "now", False)


def share(name: str, channel: Callable[[Mapping[str, Any]], Any]) -> None:
    """Register a channel that every process knows: the workers deliver to it."""
    _shared[name] = channel


def shared() -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
    """Return the channels that every process knows, by name."""
    return dict(_shared)


def discover(packages: list[str]) -> None:
    """Import the hooks of packages; one that fails stops neither the others nor the process.

    Args:
        packages: Dotted names of the installed apps.
    """
    _running.now = True
    try:
        for package in packages:
            name = f"{package}.{MODULE}"
            try:
                if find_spec(name) is not None:
                    import_module(name)
            except Exception as error:  # it is anybody's code
                problems.append(f"{name} cannot be imported: {type(error).__name__}: {error}")
                logger.exception("%s cannot be imported; its alert rules and channels are missing", name)
    finally:
        _running.now = False
