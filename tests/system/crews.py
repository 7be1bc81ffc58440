"""Workers of a service that a whole platform watches, one for each way to treat a worker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import Celery

from tests.jobs.crew import Crew

from .platform import Platform

NAMES = ("ends", "early", "late")
"""Their queues, too: one whose tasks end in every way, and two that are killed."""
HEARTBEAT = 3.0


@contextmanager
def running(platform: Platform, folder: Path) -> Iterator[dict[str, Crew]]:
    """Start them, and leave none of them behind."""
    url = platform.secret("redis/url")
    app = Celery("crew-client", broker=url, backend=url, set_as_current=False)
    app.conf.broker_transport_options = {"visibility_timeout": 3600}
    made = {name: Crew(folder, app, name, redis_url=url, prefix="enginel", interval=HEARTBEAT) for name in NAMES}
    try:
        started = {name: launch(crew) for name, crew in made.items()}
        for name, crew in made.items():
            crew.await_life(*started[name])
        yield made
    finally:
        for crew in made.values():
            crew.close()
        app.close()


def launch(crew: Crew) -> tuple[str, int]:
    """Start the worker of a queue, which has its name; return its node and its process."""
    return crew.launch("--pool", "prefork", "--concurrency", "3" if crew.queue == "ends" else "1", name=crew.queue)


def kill(crew: Crew) -> float:
    """Kill a worker's main process; return when."""
    at = time.time()
    crew.kill()
    return at
