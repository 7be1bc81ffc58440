"""The platform as real processes over private servers, and how to disturb it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
RATE = 150.0
FLUSH_INTERVAL = 0.1
SETTINGS = {"DRAIN_SECONDS": 2.0, "DRAIN_LINGER": 0.05, "FLUSH_INTERVAL": FLUSH_INTERVAL}

sys.path.insert(0, str(ROOT / "bin"))
from launcher import postgres_server  # noqa: E402
from launcher.redis_protocol import RedisAddress  # noqa: E402
from launcher.redis_server import RedisServer  # noqa: E402


@dataclass
class Producer:
    """One process of known load."""

    name: str
    process: subprocess.Popen[bytes]
    lines: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def recorded(self) -> int:
        """Return how many events it says it has recorded."""
        return int(self.lines[-1]) if self.lines else 0

    def finish(self) -> int:
        """Tell it to end, wait until it has, and return what it recorded."""
        self.process.terminate()
        assert self.process.wait(90) == 0, f"{self.name} failed"
        self._reader.join(10)
        return self.recorded()

    def kill(self) -> int:
        """End it without a warning; return its last word."""
        self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        return self.recorded()


@dataclass
class Platform:
    """Redis, a database, a Celery worker that drains, and beat, in one folder."""

    folder: Path
    postgres: Any = None

    def __post_init__(self) -> None:
        self.redis = RedisServer(self.folder / "redis")
        self.database_path = self.folder / "db.sqlite3"
        self._children: list[subprocess.Popen[bytes]] = []
        self.chance = random.Random(2026)
        self.port = _free_port()

    def start(self) -> None:
        """Start everything but the producers."""
        self.redis.start()
        if self.postgres is not None:
            self.postgres.start()
            self.commit_durably()
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=self.environment, check=True
        )
        self.worker = self._start_worker()
        schedule = self.folder / "schedule"
        self._start(
            "beat", *_CELERY, "beat", "-S", "celery.beat:PersistentScheduler", "-s", str(schedule), "--pidfile="
        )

    def stop(self) -> None:
        """End what is left, the servers last."""
        for child in self._children:
            if child.poll() is None:
                child.terminate()
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(15)
            if child.poll() is None:
                child.kill()
        if self.postgres is not None:
            self.postgres.stop()
        self.redis.stop()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every child."""
        database = self.postgres.url if self.postgres is not None else f"sqlite:///{self.database_path}"
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "enginel.settings",
            "ENGINEL_VAR": str(self.folder),
            "DATABASE_URL": database,
            "REDIS_URL": self.redis.url,
            "MONITORING": json.dumps(SETTINGS),
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "OPENBLAS_NUM_THREADS": "1",
        }

    def _start(self, log: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{log}.log").open("ab") as file:
            child = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=file, stderr=file)
        self._children.append(child)
        return child

    def _start_worker(self) -> subprocess.Popen[bytes]:
        options = ("-P", "threads", "-c", "4", "-Q", "monitoring", "--without-mingle", "--without-gossip")
        return self._start("worker", *_CELERY, "worker", *options, "--loglevel", "WARNING")

    # ---- load

    def producers(self, phase: str, count: int = 3) -> list[Producer]:
        """Start processes of known load, and wait until each has begun."""
        command = [sys.executable, "-m", "tests.faults.soak_load"]
        started = []
        for number in range(count):
            name = f"{phase} {number}"
            child = subprocess.Popen(
                [*command, name, str(RATE)],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=(self.folder / "producers.log").open("ab"),
            )
            self._children.append(child)
            started.append(Producer(name, child))
        _until(lambda: all(one.lines for one in started), 60, "the producers begin")
        return started

    # ---- faults

    def kill_the_drainer(self, *, amid: bool) -> bool:
        """Kill the worker at a random moment and start another; return whether it was amid a drain.

        Args:
            amid: Wait for a drain that holds entries, and kill within the milliseconds it takes.
        """
        with self.redis_client() as client:

            def attempts() -> int:
                return int(client.exists("enginel:attempt:0:measures", "enginel:attempt:0:facts"))

            _until(lambda: client.exists("enginel:lease:0:measures"), 60, "somebody drains")
            time.sleep(self.chance.uniform(0.05, 2.0))
            if amid:
                _until(attempts, 60, "a drain holds entries")
                time.sleep(self.chance.uniform(0.0, 0.02))
            self.worker.send_signal(signal.SIGKILL)
            self.worker.wait()
            was_amid = bool(attempts())
            # A lease is economy: its end is not waited for, to have time for more kills.
            for key in client.keys("enginel:lease:*"):
                client.delete(key)
        self.worker = self._start_worker()
        return was_amid

    def restart_redis(self, seconds_away: float) -> None:
        """Stop Redis as its owner would, and start it again from its append-only file."""
        self.redis.stop()
        time.sleep(seconds_away)
        self.redis.start()

    def restart_postgres(self, seconds_away: float, *, crash: bool = False) -> None:
        """Stop PostgreSQL in the middle of whatever it does, and start it again.

        Args:
            seconds_away: How long it stays away.
            crash: Let it end without a checkpoint, to recover from its log; else a fast shutdown.
        """
        process = self.postgres._process
        process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
        process.wait(30)
        time.sleep(seconds_away)
        self.postgres.start()

    def commit_durably(self) -> None:
        """Make PostgreSQL write its log before it answers a commit, as it does by default; test clusters do not."""
        import psycopg

        with psycopg.connect(self._postgres_url, autocommit=True) as connection:
            connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")

    @property
    def _postgres_url(self) -> str:
        url: str = self.postgres.url
        return url.replace("postgres://", "postgresql://", 1)

    # ---- web

    def start_web(self) -> subprocess.Popen[bytes]:
        """Start gunicorn as `bin/up` does."""
        configuration = str(ROOT / "deploy" / "gunicorn.conf.py")
        master = self._start("web", str(BIN / "gunicorn"), "--config", configuration, "enginel.wsgi")
        _until(lambda: _accepts(self.port), 60, "the web listens")
        return master

    # ---- what arrived

    @contextlib.contextmanager
    def redis_client(self) -> Iterator[Any]:
        import redis

        address: RedisAddress = self.redis.address
        client = redis.Redis.from_url(address.url)
        try:
            yield client
        finally:
            client.close()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement on the platform's database."""
        if self.postgres is not None:
            import psycopg

            with psycopg.connect(self._postgres_url) as connection:
                return connection.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]
        with contextlib.closing(sqlite3.connect(self.database_path, timeout=20)) as database:
            return database.execute(statement).fetchall()

    def arrived(self, kind: str) -> dict[str, int]:
        """Return how often each name was counted: in all, and the same by minutes."""
        found = []
        for table in ("durationtotal", "minuterollup"):
            rows = self.query(
                f"SELECT n.name, SUM(d.count) FROM monitoring_{table} d"
                f" JOIN monitoring_name n ON n.id = d.name_id WHERE n.kind = '{kind}' GROUP BY n.name"
            )
            found.append({name: int(count) for name, count in rows})
        assert found[0] == found[1], "minutes and totals disagree"
        return found[0]

    def totals(self, kind: str) -> dict[str, int]:
        """Return totals since ever by name."""
        rows = self.query(
            "SELECT n.name, SUM(t.value) FROM monitoring_total t"
            f" JOIN monitoring_name n ON n.id = t.name_id WHERE n.kind = '{kind}' GROUP BY n.name"
        )
        return {name: int(value) for name, value in rows}

    def facts(self) -> dict[str, int]:
        """Return the slow samples by name."""
        rows = self.query("SELECT name, COUNT(*) FROM monitoring_slowsample GROUP BY name")
        return {name: int(count) for name, count in rows}

    def settled(self, expected: dict[str, int]) -> str:
        """Wait until exactly these numbers arrived and stay; return in words what is wrong, or nothing."""

        def wrong() -> str:
            operations, counters, facts = self.arrived("operation"), self.totals("metric"), self.facts()
            return "; ".join(
                f"{name}: {operations.get(name, 0)} operations, {counters.get(name, 0)} counted, "
                f"{facts.get(name, 0)} facts of {count} recorded"
                for name, count in expected.items()
                if (operations.get(name), counters.get(name), facts.get(name)) != (count, count, -(-count // 50))
            )

        deadline = time.monotonic() + 45
        while time.monotonic() < deadline and wrong():
            time.sleep(0.3)
        time.sleep(1.0)
        return wrong()


_CELERY = (str(BIN / "celery"), "--app", "tests.faults.soak_app", "--quiet")


class Visitors:
    """Clients that ask for one page again and again, each time on a connection of its own.

    Attributes:
        answered: Requests that were answered.
        cut_off: Requests that were sent and not answered; nobody can say whether they were handled.
        refused: Connections that were refused: certainly not handled.
    """

    def __init__(self, port: int, count: int = 2) -> None:
        self._port = port
        self._ending = False
        self._lock = threading.Lock()
        self.answered = self.cut_off = self.refused = 0
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _visit(self) -> None:
        while not self._ending:
            try:
                ask(self._port)
            except ConnectionRefusedError:
                with self._lock:
                    self.refused += 1
            except (OSError, http.client.HTTPException):
                with self._lock:
                    self.cut_off += 1
            else:
                with self._lock:
                    self.answered += 1
            time.sleep(0.01)

    def finish(self) -> None:
        """Let every client finish its last request."""
        self._ending = True
        for thread in self._threads:
            thread.join(30)


def ask(port: int) -> None:
    """Ask for the page whose requests are counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/api/health/", headers={"Connection": "close"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    finally:
        connection.close()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def web_workers(master: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return gunicorn's worker processes."""
    children: list[psutil.Process] = psutil.Process(master.pid).children()
    return children


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _until(condition: Any, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.02)


def private_postgres() -> Any:
    """Return a private cluster, not started."""
    binaries = postgres_server.find_binaries()
    assert binaries is not None
    return postgres_server.PostgresServer(binaries)
