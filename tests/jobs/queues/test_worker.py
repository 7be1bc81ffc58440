"""A queue from the first message to the death of its worker, as a real one lives and dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from launcher.processes import die_with_parent

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues import brokers
from monitoring.jobs.queues.models import QueueState
from monitoring.jobs.queues.watch import watch
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import send, until

pytestmark = [pytest.mark.system, pytest.mark.django_db]
ROOT = Path(__file__).parents[3]
COMMAND = (
    "-m celery --app tests.jobs.queues.shop worker --pool solo --queues orders --hostname one@shop --loglevel ERROR"
)


def look() -> QueueState:
    recorder.flush()
    drain_all()
    sight.forget()
    watch(get_config())
    return QueueState.objects.get(name="orders")


@pytest.fixture
def start_worker(redis_url: str, settings: Any) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a worker, for which everything happens in a hurry."""
    hurry = {"HEARTBEAT_INTERVAL": 0.2, "QUEUE_UNCONSUMED_SECONDS": 0.5, "FLUSH_INTERVAL": 0.05, "ENABLED": True}
    settings.MONITORING = {**settings.MONITORING, **hurry}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        environment = {**os.environ, "REDIS_URL": redis_url, "MONITORING": json.dumps(settings.MONITORING)}
        started.append(
            subprocess.Popen(
                [sys.executable, *COMMAND.split()],
                env=environment,
                cwd=ROOT,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - nothing between fork and exec takes a lock
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_queue_and_its_worker(app: Celery, start_worker: Callable[[], subprocess.Popen[bytes]]) -> None:
    for _ in range(3):
        send(app, ago=60)
    waiting = look()
    assert (waiting.depth, waiting.workers, waiting.drain_seconds) == (3, 0, None)
    assert waiting.oldest_age == pytest.approx(60, abs=30)

    worker = start_worker()
    until(lambda: look().workers == 1, 60)
    until(lambda: look().rate_out > 0)
    served = look()
    assert (served.depth, served.unacked, served.processes, served.drain_seconds) == (0, 0, 1, 0.0)
    assert served.rate_in == served.rate_out

    later = send(app, countdown=3600)
    until(lambda: look().unacked == 1)
    assert look().depth == 0

    worker.kill()
    until(lambda: look().workers == 0)
    assert look().unacked == 1
    held = brokers.unacked_holds([later]) or {}
    assert held[later] == pytest.approx(time.time() + 3600, abs=60)
    send(app)
    until(lambda: bool(look().depth) and findings.open_findings("queue_unconsumed").exists())
