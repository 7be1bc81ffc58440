"""A Redis of our own, workers real or only heard of, and the means to act upon them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens
from monitoring.jobs.actions import api as actions_api
from monitoring.jobs.actions import remote
from monitoring.stream import heartbeats

ROOT = Path(__file__).resolve().parents[3]
_DATABASE = 40
_SECONDS = 60.0


def wait_until(condition: Callable[[], object], what: str, why_not: Callable[[], object] = str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}\n{why_not()}"
        time.sleep(0.02)


class Yard:
    """A Redis database of our own, empty, and the workers that run on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.prefix = f"yard-{uuid.uuid4().hex[:8]}"
        self.client = redis.Redis.from_url(url)
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def worker(self, pool: str, *arguments: str, name: str = "", broker: str = "") -> str:
        """Return the node of a worker of that pool, started unless it runs; it consumes from a queue of its name."""
        name = name or pool
        node = f"{name}@yard"
        if name not in self._processes:
            self.start(node, name, pool, broker or self.url, arguments)
        wait_until(lambda: self.beat(node) is not None, f"{node} beats", lambda: self.log(name))
        return node

    def start(self, node: str, name: str, pool: str, broker: str, arguments: tuple[str, ...]) -> None:
        monitoring = {
            "REDIS_URL": self.url,
            "STREAM_PREFIX": self.prefix,
            "HEARTBEAT_INTERVAL": 0.3,
            "CAPTURE_ARGUMENTS": ["shop.pay"],
            "FLUSH_INTERVAL": 0.02,
        }
        environment = os.environ | {"SHOP_BROKER": broker, "MONITORING": json.dumps(monitoring)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.actions.shop", "worker"]
        command += ["-P", pool, "-n", node, "-Q", name, "-l", "INFO", "--without-gossip", *arguments]
        if not any(argument.startswith(("-c", "--autoscale")) for argument in arguments):
            command += ["-c", "2"]
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    def hear_of(self, node: str, **state: Any) -> str:
        """Let a worker be heard of that is not there."""
        heartbeats.send(self.client, self.prefix, "worker", node, {"pool": "prefork", "interval": 60.0, **state})
        return node

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text()[-3000:]

    def beat(self, node: str) -> heartbeats.Heartbeat | None:
        """The worker's heartbeat, if it lives."""
        found = [one for one in heartbeats.read(self.client, self.prefix) if one.node == node and one.alive]
        return found[0] if found else None

    def kill(self, name: str) -> None:
        """Kill a worker with all of its pool."""
        import psutil

        process = self._processes.pop(name)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        for child in family:
            child.kill()
        process.wait(10)

    def ran(self, key: str) -> int:
        """How often a task ran."""
        return int(self.client.get(f"ran:{key}") or 0)

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)
        self.client.flushdb()
        self.client.close()


@pytest.fixture
def yard(redis_url: str, tmp_path: Path) -> Iterator[Yard]:
    base, _, number = redis_url.rpartition("/")
    made = Yard(f"{base}/{_DATABASE + int(number)}", tmp_path)
    made.client.flushdb()
    yield made
    made.close()


@pytest.fixture
def shop(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The application, on the publishing side."""
    from tests.jobs.actions import shop as module

    monkeypatch.setattr(module, "BROKER", yard.url)
    module.app.conf.broker_url = yard.url
    return module


@pytest.fixture
def app(shop: Any, yard: Yard, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Celery:
    """The application that actions are carried out with; heartbeats are read where the workers leave them."""
    settings.MONITORING = {
        **settings.MONITORING,
        "REDIS_URL": yard.url,
        "STREAM_PREFIX": yard.prefix,
        "CAPTURE_ARGUMENTS": ["shop.pay"],
    }
    monkeypatch.setattr(actions_api, "app_or_default", lambda: shop.app)
    return shop.app


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give real workers more time to answer: other tests keep both cores busy meanwhile."""
    monkeypatch.setattr(remote, "SECONDS", 10.0)


@pytest.fixture
def admin(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.fixture
def api(admin: Any, app: Celery) -> Client:
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"})


@pytest.fixture
def act(api: Client) -> Callable[..., Any]:
    """Ask for an action; return the response."""

    def post(path: str, _key: str | None = None, **body: Any) -> Any:
        headers = {"Idempotency-Key": _key} if _key else {}
        return api.post(f"/api/monitoring/{path}/", body, content_type="application/json", headers=headers)

    return post
