"""Exceptions that nobody caught: they end a command, a script or a thread."""

from __future__ import annotations

import sys
import threading
from pathlib import PurePath
from types import TracebackType
from typing import Any

from . import errors
from .recorder import recorder

_COMMANDS = ("manage.py", "django-admin", "django-admin.py", "__main__.py")
_installed = False


def install() -> None:
    """Hear of exceptions that nobody caught in this process, before whoever hears of them so far."""
    global _installed  # noqa: PLW0603  # one process has one hook
    if _installed or not recorder.enabled:
        return
    _installed = True
    _hook_process()
    _hook_threads()


def _hook_process() -> None:
    previous = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if isinstance(error, Exception):
            errors.ended_process(error, title(sys.argv))
        previous(kind, error, traceback)

    sys.excepthook = hook


def _hook_threads() -> None:
    previous = threading.excepthook

    def hook(failed: Any) -> None:
        if isinstance(failed.exc_value, Exception):
            errors.ended_process(failed.exc_value, title(sys.argv))
        previous(failed)

    threading.excepthook = hook


def is_command(arguments: list[str]) -> bool:
    """Whether a process is one of Django's commands, by its command line."""
    return bool(arguments) and PurePath(arguments[0]).name in _COMMANDS


def title(arguments: list[str]) -> str:
    """Return what a process is by its command line: `manage.py migrate`, or the name of its script."""
    program = PurePath(arguments[0]).name if arguments and arguments[0] else "python"
    if program in _COMMANDS and len(arguments) > 1:
        return f"manage.py {arguments[1]}"
    return program
