"""A Celery app with tasks that end in every way there is, watched by Enginel and without Django."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from celery import Celery
from celery.exceptions import Ignore, Reject

from monitoring.recording import celery as hooks

app = Celery("crew", broker=os.environ.get("CREW_BROKER", "memory://"), backend=os.environ.get("CREW_BACKEND"))
app.conf.update(
    task_default_queue=os.environ.get("CREW_QUEUE", "crew"),
    task_ignore_result=not os.environ.get("CREW_BACKEND"),
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    worker_lost_wait=0.5,
    broker_transport_options={"visibility_timeout": 3600, "polling_interval": 0.1},
)
hooks.connect()


def _tell(path: str) -> None:
    """Leave word that the task runs, and in which process."""
    if path:
        Path(path).write_text(str(os.getpid()))


@app.task(name="crew.ok")
def ok(*_: Any, **__: Any) -> None:
    """End at once."""


@app.task(name="crew.wait")
def wait(until: str, running: str = "") -> None:
    """Run until a file is there; acknowledged when it begins."""
    _tell(running)
    while not Path(until).exists():
        time.sleep(0.02)


@app.task(name="crew.spin")
def spin(until: str, running: str = "") -> None:
    """Keep the processor busy until a file is there: a greenlet that lets no other one run."""
    _tell(running)
    while not Path(until).exists():
        pass


@app.task(name="crew.wait_late", acks_late=True)
def wait_late(until: str, running: str = "") -> None:
    """Run until a file is there; acknowledged when it ends."""
    wait.run(until, running)


@app.task(name="crew.stay")
def stay(seconds: float, path: str) -> None:
    """Run for some seconds, and leave word of when that began and ended."""
    for word, pause in (("began", seconds), ("ended", 0.0)):
        with Path(f"{path}.{word}").open("a") as file:
            file.write(f"{time.time()}\n")
        time.sleep(pause)


@app.task(name="crew.stay_late", acks_late=True)
def stay_late(seconds: float, path: str) -> None:
    """Do the same; acknowledged when it ends."""
    stay.run(seconds, path)


@app.task(name="crew.fail")
def fail() -> None:
    raise LookupError("nothing there")


@app.task(name="crew.retry", bind=True, max_retries=1)
def retry(self: Any) -> None:
    raise self.retry(exc=LookupError("not yet"), countdown=0)


@app.task(name="crew.reject", acks_late=True)
def reject() -> None:
    raise Reject("no", requeue=False)


@app.task(name="crew.ignore")
def ignore() -> None:
    raise Ignore


@app.task(name="crew.exit")
def leave() -> None:
    raise SystemExit(3)


@app.task(name="crew.kill")
def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _times(path: str) -> int:
    """Count the executions that have come here."""
    with Path(path).open("a+") as file:
        file.write("x")
        return file.tell()


@app.task(name="crew.kill_back", acks_late=True, reject_on_worker_lost=True)
def kill_back(path: str) -> None:
    """Be killed three times, and put back each time."""
    if _times(path) <= 3:
        os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="crew.kill_again", acks_late=True, retry_on_worker_lost=True, max_retries=1, default_retry_delay=0)
def kill_again() -> None:
    """Be killed, and again in the one retry there is."""
    os.kill(os.getpid(), signal.SIGKILL)


@app.task(name="crew.hard_back", acks_late=True, acks_on_failure_or_timeout=False, time_limit=0.5)
def hard_back(path: str) -> None:
    """Run into the limit twice, and be put back each time."""
    if _times(path) <= 2:
        hard.run()


@app.task(name="crew.hard", time_limit=1)
def hard() -> None:
    while True:
        time.sleep(0.05)


@app.task(name="crew.soft", soft_time_limit=1)
def soft() -> None:
    while True:
        time.sleep(0.05)
