"""Runs a live worker of each variant, and gives it so many tasks at once.

The tasks of a round are written into a list of another database and moved over in one step, so that publishing takes no
time of the worker's. The round ends when the last task runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import msgspec
import psutil
import redis

from benchmarks.platform import ROOT, free_port

from .variants import BROKER, ENDED, QUEUE, READY, VARIANT, Variant

PROCESSES = 2
_STAGING = 0
_START_SECONDS = 60
_ROUND_SECONDS = 300
_SETTLE_SECONDS = 0.3
"""How long after the last task a worker may go on sending what belongs to the round."""


@dataclass(frozen=True)
class Round:
    """What so many tasks took.

    Attributes:
        tasks: How many there were.
        seconds: From when they could be taken until the last one ran.
        cpu: Seconds of CPU of the worker, all its processes together.
        main: Those of its main process, which hands out the tasks and is what limits the throughput.
        redis: Seconds of CPU of Redis meanwhile.
    """

    tasks: int
    seconds: float
    cpu: float
    main: float
    redis: float


class Worker:
    """The worker of one variant, its publisher, and who else belongs to it."""

    def __init__(self, name: str, variant: Variant, database: int, folder: Path) -> None:
        self.name, self.variant = name, variant
        url = os.environ["REDIS_URL"]
        self._database = database
        self._broker = _with_database(url, database)
        self._client = redis.Redis.from_url(self._broker, socket_timeout=_ROUND_SECONDS + 5)
        self._staged = _with_database(url, _STAGING)
        self._staging = redis.Redis.from_url(self._staged)
        self._log = folder / f"{name}.log"
        self._stack = ExitStack()

    def start(self) -> None:
        """Start the worker and wait until it consumes."""
        log = self._stack.enter_context(self._log.open("wb"))
        celery = [sys.executable, "-m", "celery", "--app", "benchmarks.jobs.service"]
        options = ["--pool", "prefork", "--concurrency", str(PROCESSES), "--loglevel", "ERROR", *self.variant.options]
        worker = self._run([*celery, "worker", "--hostname", f"{self.name}@bench", *options], self._broker, log)
        publisher = [sys.executable, "-m", "benchmarks.jobs.publisher"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._publisher = self._run(publisher, self._staged, log, **pipes)
        self._wait_for(READY, _START_SECONDS)
        if self.variant.flower:
            port = free_port()
            self._run([*celery, "flower", "--address=127.0.0.1", f"--port={port}"], self._broker, log)
            _wait_for_http(f"http://127.0.0.1:{port}/healthcheck")
        main = psutil.Process(worker.pid)
        self._processes = [main, *main.children(recursive=True)]

    def close(self) -> None:
        """Stop all of it."""
        self._stack.close()
        self._client.close()
        self._staging.close()

    def run(self, tasks: int) -> Round:
        """Let the worker run so many tasks; return what they took."""
        self._stage(tasks)
        before, server = self._cpu(), self._redis_cpu()
        began = time.perf_counter()
        if not self._staging.move(QUEUE, self._database):
            raise SystemExit(f"the worker of {self.name!r} did not take all tasks of its last round")
        self._wait_for(ENDED, _ROUND_SECONDS)
        seconds = time.perf_counter() - began
        time.sleep(_SETTLE_SECONDS)
        used = [now - then for now, then in zip(self._cpu(), before, strict=True)]
        return Round(tasks, seconds, sum(used), used[0], self._redis_cpu() - server)

    def check(self) -> None:
        """Make sure that Enginel's row is one of a worker that sends."""
        if self.variant.ours and not any(self._client.scan_iter("*:stream:*:measures")):
            raise SystemExit("Enginel's worker sent nothing to its streams: its row says nothing")

    def _stage(self, tasks: int) -> None:
        """Write the messages of a round, each with an id of its own, for a queue that is taken from its right end."""
        self._staging.delete(QUEUE)
        assert self._publisher.stdin is not None
        assert self._publisher.stdout is not None
        self._publisher.stdin.write(b"\n")
        self._publisher.stdin.flush()
        if not self._publisher.stdout.readline():
            raise SystemExit(f"the publisher of {self.name!r} ended:\n{self._log.read_text()}")
        last, nothing = self._staging.lrange(QUEUE, 0, -1)
        copy = _copier(nothing)
        messages = [copy() for _ in range(tasks - 1)]
        with self._staging.pipeline() as together:
            together.delete(QUEUE)
            for first in range(0, len(messages), 1_000):
                together.lpush(QUEUE, *messages[first : first + 1_000])
            together.lpush(QUEUE, last)
            together.execute()

    def _run(self, command: list[str], broker: str, log: Any, **streams: Any) -> subprocess.Popen[bytes]:
        environment = {**os.environ, VARIANT: self.name, BROKER: broker}
        environment["MONITORING"] = msgspec.json.encode({"SERVICE": "bench", "REDIS_URL": self._broker}).decode()
        redirected = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **streams}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, **redirected)
        self._stack.callback(_stop, process)
        return process

    def _wait_for(self, what: str, seconds: float) -> None:
        if self._client.blpop([what], timeout=seconds) is None:
            raise SystemExit(f"the worker of {self.name!r} is not {what.partition(':')[2]}:\n{self._log.read_text()}")

    def _cpu(self) -> list[float]:
        return [_cpu_seconds(process) for process in self._processes]

    def _redis_cpu(self) -> float:
        found: dict[str, float] = self._client.info("cpu")
        return found["used_cpu_user"] + found["used_cpu_sys"]


def _cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of all threads of a process, user and system."""
    if sys.platform == "linux":
        # Its CPU clock, as clock_getcpuclockid(3) would name it: /proc counts in hundredths of a second.
        return time.clock_gettime(~process.pid << 3 | 2)
    times = process.cpu_times()
    return float(times.user + times.system)


def _copier(template: bytes) -> Callable[[], bytes]:
    """Return what makes copies of a message that differ in the ids of task and delivery."""
    message = msgspec.json.decode(template)
    ids = [message["headers"]["id"].encode(), message["properties"]["delivery_tag"].encode()]

    def copy() -> bytes:
        made = template
        for one in ids:
            made = made.replace(one, str(uuid.uuid4()).encode())
        return made

    return copy


def _with_database(url: str, database: int) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()


def _wait_for_http(address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"nobody answers at {address}") from None
            time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
