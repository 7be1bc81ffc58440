"""A small FastAPI service under uvicorn beside a platform: it hands designs on, and fails."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from launcher.ports import free_port
from launcher.processes import die_with_parent

from .platform import ROOT, SAMPLES, Platform

_CODE = """
import logging
import os

from fastapi import FastAPI

from monitoring.journal import LoggingUtilities
from monitoring.recording.asgi import EnginelMiddleware
from monitoring.recovery import session

LoggingUtilities.setup_structured_logging(log_level="INFO", log_format="json")
logger = logging.getLogger("storefront")
app = FastAPI()
app.add_middleware(EnginelMiddleware)
designs = session("designs", timeout=30)
designs.trust_env = False  # this machine's proxies know nothing of it


@app.get("/well")
async def well():
    return {}


@app.post("/orders/{number}")
def order(number: int):
    logger.info("order %s came in", number)
    for name in ("plate.step", "broken.step"):
        with open(os.path.join(os.environ["SAMPLES"], name), "rb") as file:
            answer = designs.post(
                os.environ["ENGINEL_URL"] + "/api/designs/upload/",
                headers={"Authorization": "Bearer " + os.environ["TOKEN"]},
                files={"file": (name, file, "application/octet-stream")},
            )
        answer.raise_for_status()
    raise RuntimeError("nobody can pay for this")
"""


class Storefront:
    """One uvicorn on a port of its own.

    Args:
        platform: Whose Redis it records to, and whose API it calls.
        folder: Where its code and its log are.
    """

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._platform, self._folder = platform, folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self._log = folder / "storefront.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def secret(self, name: str) -> str:
        return self._platform.secret(name)

    def start(self) -> None:
        """Start it; it answers a moment later."""
        (self._folder / "storefront.py").write_text(_CODE)
        settings = self._platform.environment()
        settings.pop("DJANGO_SETTINGS_MODULE")
        settings |= {
            "PYTHONPATH": f"{ROOT}:{self._folder}",
            "REDIS_URL": self._platform.secret("redis/url"),
            "SERVICE": "storefront",
            "ENGINEL_URL": self._platform.base,
            "TOKEN": self._platform.secret("admin-token"),
            "SAMPLES": str(SAMPLES),
        }
        command = [sys.executable, "-m", "uvicorn", "storefront:app", "--port", str(self.port), "--no-access-log"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                env=settings,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - nothing before exec takes a lock
            )

    def stop(self) -> None:
        """Leave nothing of it behind."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
