"""Real workers of `mill`, each on a queue of its name, and a client for sending them tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from celery import Celery

from monitoring.conf import get_config
from monitoring.recovery.strategies.base import Site
from monitoring.stream.heartbeats import Heartbeat

from .conftest import wait_for

ROOT = Path(__file__).resolve().parents[3]


class Mill:
    """A worker.

    Args:
        site: Where its heartbeats are read.
        folder: Where its log lies.
        environment: What else its process is told.
    """

    def __init__(self, site: Site, folder: Path, **environment: str) -> None:
        self._site, self._log = site, folder / "mill.log"
        self.url = get_config().redis_url
        self.app = Celery("mill-client", broker=self.url, backend=self.url, set_as_current=False)
        self.name = f"mill@{folder.name}"
        self._environment = environment
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, pool: str = "prefork", concurrency: int = 1, **monitoring: Any) -> Heartbeat:
        """Start it, and wait until it says that it lives."""
        config = get_config()
        told = {
            "REDIS_URL": self.url,
            "STREAM_PREFIX": config.stream_prefix,
            "SERVICE": config.service,
            "HEARTBEAT_INTERVAL": 0.3,
            **monitoring,
        }
        environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        environment |= {"MONITORING": json.dumps(told), "MILL_BROKER": self.url, **self._environment}
        command = [sys.executable, "-m", "celery", "-A", "tests.recovery.strategies.mill", "worker", "-n", self.name]
        command += ["-Q", self.name, "-P", pool, "-c", str(concurrency), "-l", "INFO"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [*command, "--without-gossip", "--without-mingle"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        self._processes.append(process)

        def lives() -> Heartbeat | None:
            assert process.poll() is None, self._log.read_text()
            found = self.heartbeat()
            return found if found is not None and found.state.get("pid") == process.pid else None

        found: Heartbeat = wait_for(lives, "the worker lives")
        return found

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The latest one."""
        return self._processes[-1]

    def heartbeat(self) -> Heartbeat | None:
        found = self._site.workers().get(self.name)
        return found if found is not None and found.alive else None

    def send(self, task: str, *arguments: Any, **options: Any) -> Any:
        return self.app.send_task(f"mill.{task}", arguments, queue=self.name, **options)

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                family = psutil.Process(process.pid).children(recursive=True)
                process.kill()
                process.wait(10)
                for one in family:
                    if one.is_running():
                        one.kill()
        self.app.close()


@contextmanager
def mill(site: Site, folder: Path, **environment: str) -> Iterator[Mill]:
    """Have a worker, and leave none behind."""
    made = Mill(site, folder, **environment)
    try:
        yield made
    finally:
        made.close()
