"""A real gunicorn that serves `served`, and clients that never stop asking it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import requests

from monitoring.conf import get_config

from .conftest import wait_for

ROOT = Path(__file__).resolve().parents[3]
_CONFIGURATION = """
preload_app = True
worker_class = "gthread"
threads = 2
graceful_timeout = 5
control_socket_disable = True

def post_worker_init(_worker):
    from monitoring.recording import presence
    presence.begin()
"""


class Server:
    """It, and what its clients have seen.

    Attributes:
        fewest: The smallest number of its processes that was ever seen.
        failures: Requests that were not answered.
    """

    def __init__(self, process: subprocess.Popen[bytes], url: str, workers: int) -> None:
        self._process, self._workers = process, workers
        self.url = url
        self.fewest = workers
        self.failures: list[str] = []
        self._over = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._ask, self._count)]

    def pids(self) -> set[int]:
        return {one.pid for one in psutil.Process(self._process.pid).children() if one.status() != psutil.STATUS_ZOMBIE}

    def watch(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(20)
        self._process.terminate()
        self._process.wait(20)

    def _ask(self) -> None:
        while not self._over.is_set():
            try:
                requests.get(self.url, timeout=10, headers={"Connection": "close"}).raise_for_status()
            except requests.RequestException as error:
                self.failures.append(str(error))

    def _count(self) -> None:
        while not self._over.wait(0.01):
            self.fewest = min(self.fewest, len(self.pids()))


@contextmanager
def gunicorn(folder: Path, workers: int) -> Iterator[Server]:
    """Start it, and leave none behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "gunicorn.conf.py").write_text(_CONFIGURATION)
    config = get_config()
    told = {"REDIS_URL": config.redis_url, "STREAM_PREFIX": config.stream_prefix, "SERVICE": config.service}
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "gunicorn", "-c", str(folder / "gunicorn.conf.py"), "-w", str(workers)]
    with (folder / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "-b", address, "tests.recovery.strategies.served:app"],
            cwd=ROOT,
            env=environment | {"MONITORING": json.dumps(told)},
            stdout=log,
            stderr=log,
        )
    made = Server(process, f"http://{address}/", workers)

    def serves() -> bool:
        assert process.poll() is None, (folder / "gunicorn.log").read_text()
        return len(made.pids()) == workers

    try:
        wait_for(serves, "gunicorn serves")
        yield made
    finally:
        made.close()
