"""Real workers for tests: subprocesses that run the tasks of `crew_app`, on this test worker's Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from celery import Celery

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.stream.connection import connect
from monitoring.stream.heartbeats import Heartbeat, read
from tests.system.platform import ROOT, wait_until

BEAT = 0.3
"""Seconds between two heartbeats of the workers here."""


@dataclass
class Crew:
    """Workers of one queue, and a client for sending them tasks.

    Attributes:
        redis_url: Their broker, and where they record; that of this test worker unless given.
        prefix: First part of the keys they record to.
        interval: Seconds between two of their heartbeats.
    """

    folder: Path
    app: Celery
    queue: str = field(default_factory=lambda: f"crew-{uuid.uuid4().hex[:8]}")
    redis_url: str = field(default_factory=lambda: get_config().redis_url)
    prefix: str = field(default_factory=lambda: get_config().stream_prefix)
    interval: float = BEAT
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._client = connect(self.redis_url, 5.0, 2)

    def environment(self) -> dict[str, str]:
        monitoring = {
            "SERVICE": "crew",
            "REDIS_URL": self.redis_url,
            "STREAM_PREFIX": self.prefix,
            "HEARTBEAT_INTERVAL": self.interval,
        }
        settings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return settings | {
            "MONITORING": json.dumps(monitoring),
            "CREW_BROKER": self.redis_url,
            "CREW_BACKEND": self.redis_url,
            "CREW_QUEUE": self.queue,
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments: str, name: str = "crew") -> str:
        """Start a worker and wait until it says that it lives; return its node name."""
        self.await_life(*self.launch(*arguments, name=name))
        return f"{name}@test"

    def launch(self, *arguments: str, name: str = "crew") -> tuple[str, int]:
        """Start a worker; return its node name and its process."""
        node = f"{name}@test"
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.crew_app", "worker", "-n", node]
        options = ["--queues", self.queue, "--loglevel", "WARNING", "--without-mingle", "--without-gossip"]
        log = (self.folder / f"{name}.log").open("ab")
        worker = subprocess.Popen(
            [*command, *options, *arguments], env=self.environment(), cwd=ROOT, stdout=log, stderr=log
        )
        self.workers.append(worker)
        return node, worker.pid

    def await_life(self, node: str, pid: int) -> None:
        """Wait until a worker says that it lives."""
        log = self.folder / f"{node.partition('@')[0]}.log"

        def lives() -> bool:
            assert all(worker.poll() is None for worker in self.workers if worker.pid == pid), log.read_text()
            return any(one.node == node and one.state.get("pid") == pid for one in self.heartbeats())

        wait_until(lives, f"{node} says that it lives", 60.0, log.read_text)

    def heartbeats(self) -> list[Heartbeat]:
        return read(self._client, self.prefix)

    def heartbeat(self, node: str) -> Heartbeat:
        return next(one for one in self.heartbeats() if one.node == node)

    def send(self, task: str, *args: Any, **options: Any) -> str:
        """Publish a task; return its id."""
        return str(self.app.send_task(f"crew.{task}", args, queue=self.queue, **options).id)

    def begin(self, task: str, **options: Any) -> tuple[str, Path, int]:
        """Publish a task that waits, and wait until it runs: its id, the file that ends it, and its process."""
        mark = uuid.uuid4().hex
        until, running = self.folder / f"end-{mark}", self.folder / f"run-{mark}"
        task_id = self.send(task, str(until), str(running), **options)
        wait_until(lambda: running.exists() and running.read_text(), f"{task} runs")
        return task_id, until, int(running.read_text())

    def kill(self, worker: int = -1) -> None:
        """Kill a worker's main process, as the kernel would; its children end when they notice."""
        self.workers[worker].kill()
        self.workers[worker].wait(10)
        sight.forget()

    def held(self) -> list[bytes]:
        """Return the tags of this queue's messages that are taken and not acknowledged."""
        with self.app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            found = channel.client.hgetall(channel.unacked_key)
            return [tag for tag, message in found.items() if json.loads(message)[2] == self.queue]

    def give_back(self, tags: list[bytes] | None = None) -> int:
        """Give held messages back to their queue, as the transport does when the visibility timeout is over.

        Args:
            tags: Which of them; all of this queue unless given.

        Returns:
            How many they were.
        """
        mine = self.held() if tags is None else tags
        with self.app.connection_for_write() as connection:
            channel: Any = connection.default_channel
            for tag in mine:
                channel.qos.restore_by_tag(tag)
        return len(mine)

    def close(self) -> None:
        """Leave no process behind."""
        for worker in self.workers:
            if worker.poll() is None:
                family = psutil.Process(worker.pid).children(recursive=True)
                worker.send_signal(signal.SIGKILL)
                worker.wait(10)
                for one in family:
                    if one.is_running():
                        one.kill()
        self._client.connection_pool.disconnect()
