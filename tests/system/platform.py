"""A platform of one's own for a test: `bin/up` in a temporary folder on free ports, and a client that keeps count."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from .statics import statics

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "designs" / "samples"
sys.path.insert(0, str(ROOT / "bin"))

from launcher.demo import upload  # noqa: E402
from launcher.ports import free_port  # noqa: E402
from launcher.postgres_server import PostgresServer, find_binaries  # noqa: E402

# Generous: other tests keep both cores busy meanwhile.
READY_SECONDS = 120.0
# What a person has set for a platform of their own must not reach this one; tests bring settings of their own.
_FOREIGN = {"REDIS_URL", "DATABASE_URL", "ADMIN_TOKEN", "HOST", "PYTEST_CURRENT_TEST"}


@contextmanager
def private_postgres() -> Iterator[PostgresServer | None]:
    """Run a database server that a test may take away; None where PostgreSQL is not installed."""
    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    made = PostgresServer(binaries)
    made.start()
    try:
        yield made
    finally:
        made.stop()


class Platform:
    """One `bin/up` with a folder of state, ports and a database of its own."""

    from_nothing = False
    """Whether the first start has to collect static files itself."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.state = folder / "var"
        self.port, self.flower_port = free_port(), free_port()
        self.database_url = database_url
        self.process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def secret(self, name: str) -> str:
        return (self.state / name).read_text().strip()

    def environment(self) -> dict[str, str]:
        """What `bin/up`, and `manage.py` beside it, are started with."""
        settings = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        settings |= {
            "ENGINEL_VAR": str(self.state),
            "PORT": str(self.port),
            "FLOWER_PORT": str(self.flower_port),
            "DJANGO_SETTINGS_MODULE": "enginel.settings",
        }
        return settings | ({"DATABASE_URL": self.database_url} if self.database_url else {})

    def start(self, *arguments: str, **environment: str) -> None:
        """Start it and wait until it says that it is ready."""
        if not self.from_nothing:
            statics.lend(self.state)
        settings = self.environment() | environment
        command = [sys.executable, str(ROOT / "bin" / "up"), *arguments]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=settings, cwd=ROOT, stdout=log, stderr=log)
        wait_until(self._ready, "bin/up is ready", READY_SECONDS, lambda: self.output)
        statics.keep(self.state)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"bin/up ended:\n{self.output}"
        return "Enginel is ready" in self.output

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self) -> None:
        """Leave nothing of it behind, whatever state it is in."""
        if self.process is None or self.process.poll() is not None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        for one in family:
            if one.is_running():
                one.kill()
        psutil.wait_procs(family, timeout=10)


@contextmanager
def paused(process: psutil.Process) -> Iterator[None]:
    """Stop a process without its noticing, and let it go on."""
    process.suspend()
    try:
        yield
    finally:
        process.resume()


class Server(Protocol):
    """What a client needs to know."""

    @property
    def base(self) -> str: ...

    def secret(self, name: str) -> str: ...


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """Sends requests to a platform as its administrator, and counts those that were answered, by route and status."""

    def __init__(self, platform: Server, token: str = "") -> None:
        self._base = platform.base
        self._token = token or platform.secret("admin-token")
        self._lock = threading.Lock()
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.answered: Counter[tuple[str, int]] = Counter()

    def by_route(self) -> dict[str, int]:
        """How many requests were answered, by method and route."""
        routes: Counter[str] = Counter()
        with self._lock:
            for (route, _status), count in self.answered.items():
                routes[route] += count
        return dict(routes)

    def by_status(self) -> dict[int, int]:
        """How many requests were answered, by status."""
        statuses: Counter[int] = Counter()
        with self._lock:
            for (_route, status), count in self.answered.items():
                statuses[status] += count
        return dict(statuses)

    def get(self, path: str, route: str = "") -> Answer:
        """Send a GET; `route` is what the platform calls the path, where that is not the path itself."""
        return self._send("GET", path, route)

    def post(self, path: str, accept: str = "*/*") -> Answer:
        """Send a POST without a body."""
        return self._send("POST", path, "", accept=accept)

    def upload(self, name: str, content: str) -> Answer:
        """Upload one CAD file."""
        call = upload(name, content)
        return self._send("POST", call.path, "", call.body, call.content_type)

    def _send(
        self, method: str, path: str, route: str, body: bytes = b"", content_type: str = "", accept: str = "*/*"
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        if content_type:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self._base + path, body or None, headers, method=method)
        try:
            with self._opener.open(request, timeout=30) as response:
                answer = Answer(response.status, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                answer = Answer(error.code, error.read().decode())
        with self._lock:
            self.answered[f"{method} {route or path.partition('?')[0].lstrip('/')}", answer.status] += 1
        return answer


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = 60.0, why_not: Callable[[], object] = str
) -> None:
    """Wait until a condition holds; fail with what `why_not` tells when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{why_not()}"
        time.sleep(0.05)
