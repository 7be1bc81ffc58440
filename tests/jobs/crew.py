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
from monitoring.stream.heartbeats import Heartbeat, read
from tests.pipeline import client
from tests.system.platform import ROOT, wait_until

BEAT = 0.3
"""Seconds between two heartbeats of the workers here."""


@dataclass
class Crew:
    """Workers of one queue, and a client for sending them tasks."""

    folder: Path
    app: Celery
    queue: str = field(default_factory=lambda: f"crew-{uuid.uuid4().hex[:8]}")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        config = get_config()
        monitoring = {
            "SERVICE": "crew",
            "REDIS_URL": config.redis_url,
            "STREAM_PREFIX": config.stream_prefix,
            "HEARTBEAT_INTERVAL": BEAT,
        }
        settings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        return settings | {
            "MONITORING": json.dumps(monitoring),
            "CREW_BROKER": config.redis_url,
            "CREW_BACKEND": config.redis_url,
            "CREW_QUEUE": self.queue,
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments: str, name: str = "crew") -> str:
        """Start a worker and wait until it says that it lives; return its node name."""
        node = f"{name}@test"
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.crew_app", "worker", "-n", node]
        options = ["--queues", self.queue, "--loglevel", "WARNING", "--without-mingle", "--without-gossip"]
        log = (self.folder / f"{name}.log").open("ab")
        before = {one.state.get("pid") for one in self.heartbeats() if one.node == node}
        worker = subprocess.Popen(
            [*command, *options, *arguments], env=self.environment(), cwd=ROOT, stdout=log, stderr=log
        )
        self.workers.append(worker)

        def lives() -> bool:
            assert worker.poll() is None, (self.folder / f"{name}.log").read_text()
            return any(one.node == node and one.state.get("pid") not in before for one in self.heartbeats())

        wait_until(lives, f"{node} says that it lives", 60.0, (self.folder / f"{name}.log").read_text)
        return node

    def heartbeats(self) -> list[Heartbeat]:
        config = get_config()
        return read(client(), config.stream_prefix)

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
