"""Whether somebody starts this process anew when it ends: only then may it leave by itself."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

import psutil

from monitoring.conf import get_config

_SUPERVISORD = "supervisord"


def of_server() -> bool:
    """Whether this is a web process that a server replaces: gunicorn's arbiter does, if it is this one's parent."""
    return "gunicorn.arbiter" in sys.modules and _is_forked(os.getpid())


@lru_cache(maxsize=4)
def _is_forked(pid: int) -> bool:
    """Whether a process was forked by its parent to do the same: the arbiter itself was started by something else."""
    try:
        own = psutil.Process(pid)
        parent = own.parent()
        lines = own.cmdline(), parent.cmdline() if parent is not None else []
    except psutil.Error:
        return False
    # Where setproctitle is installed, gunicorn gives both a title of their own.
    titles = tuple(" ".join(line) for line in lines)
    titled = titles[0].startswith("gunicorn: worker") and titles[1].startswith("gunicorn: master")
    return bool(lines[0]) and (lines[0] == lines[1] or titled)


def of_worker() -> str:
    """Return who starts this worker's main process anew, or nothing where nobody is known to."""
    told = get_config().supervised
    if told is not None:
        return "settings" if told else ""
    return _found(os.getpid())


@lru_cache(maxsize=4)
def _found(pid: int) -> str:
    """Find a supervisor by what it leaves in the environment, where that is about this process and no child of it."""
    environment = os.environ
    if environment.get("KUBERNETES_SERVICE_HOST") and (pid == 1 or os.getppid() == 1):
        return "kubernetes"
    if environment.get("SYSTEMD_EXEC_PID") == str(pid):
        return "systemd"
    if environment.get("SUPERVISOR_ENABLED") and _parent() == _SUPERVISORD:
        return _SUPERVISORD
    return ""


def _parent() -> str:
    try:
        return psutil.Process(os.getppid()).name()
    except psutil.Error:
        return ""
