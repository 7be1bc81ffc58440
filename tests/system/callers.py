"""A small service under gunicorn beside a platform, whose views ask for recovery in every way there is."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from launcher.ports import free_port
from launcher.processes import die_with_parent

from .platform import ROOT, Platform

_FILES = {
    "callers/__init__.py": "",
    "callers/monitoring_hooks.py": """
from monitoring.classification import ErrorType
from monitoring.recovery import ErrorRecovery

recovery = ErrorRecovery()


async def reconnect(exception, context):
    return {"status": "recovered", "action": "database_reconnected"}


recovery.recovery_strategies[ErrorType.DATABASE_ERROR] = reconnect
""",
    "callers/settings.py": """
from enginel.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "callers"]
ROOT_URLCONF = "callers.urls"
MIDDLEWARE = [MIDDLEWARE[0], "monitoring.recovery.AIErrorRecoveryMiddleware"]
ERROR_RECOVERY_TIMEOUT = 30_000
""",
    "callers/urls.py": """
import os
import time

from django.db import DatabaseError
from django.http import JsonResponse
from django.urls import path

from monitoring.recovery import ErrorRecoveryContextManager, ai_error_handler, session


shop = session("prices", timeout=0.5, most=4)
shop.trust_env = False  # this machine's proxies know nothing of it
tried = []


@ai_error_handler
def prices(request):
    return JsonResponse(shop.get(f"http://127.0.0.1:{os.environ['PORT']}/slow/").json())


def slow(request):
    time.sleep(1)
    return JsonResponse({"price": 12})


@ai_error_handler
async def passing(request):
    tried.append(1)
    if len(tried) % 2:
        raise ConnectionError("for a moment")
    return JsonResponse({"tried": 2})


def block(request):
    with ErrorRecoveryContextManager(service="callers") as tried:
        raise DatabaseError("gone")
    return JsonResponse({"suppressed": tried.recovery})


def broken(request):
    raise TimeoutError("it takes too long")


def well(request):
    return JsonResponse({})


urlpatterns = [
    path("prices/", prices),
    path("slow/", slow),
    path("passing/", passing),
    path("block/", block),
    path("broken/", broken),
    path("well/", well),
]
""",
}


class Callers:
    """The service; `base` is its address."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._folder, self._environment = folder, platform.environment()
        self._port = free_port()
        self._log = folder / "callers.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def output(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def secret(self, name: str) -> str:
        """Nobody asks this service for anything that takes a token."""
        return name

    def start(self) -> None:
        """Write it down and start it: one process of four threads, as its answers depend on what it has tried."""
        for name, text in _FILES.items():
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        own = {
            "DJANGO_SETTINGS_MODULE": "callers.settings",
            "PYTHONPATH": f"{self._folder}:{ROOT}",
            "SERVICE": "callers",
            "PORT": str(self._port),
            "WEB_CONCURRENCY": "1",
        }
        command = [str(Path(sys.executable).with_name("gunicorn")), "--config", str(ROOT / "deploy/gunicorn.conf.py")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "enginel.wsgi"],
                env=self._environment | own,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - nothing between fork and exec takes a lock
            )

    def stop(self) -> None:
        """Leave nothing of it behind."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(30)
