"""The checks of Celery: do workers and beat live, and does the broker answer?"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from celery import current_app
from kombu.exceptions import OperationalError

from monitoring.component import Check, Outcome, Status
from monitoring.conf import get_config
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect
from monitoring.stream.heartbeats import Heartbeat

_SILENT_TICKS = 60.0
_SHOWN = 100
_SAME_MOMENT_SECONDS = 0.5


@dataclass(frozen=True)
class Celery(Check):
    """Counts the workers whose heartbeats are fresh."""

    id: str = "celery"
    component: str = "celery"

    public: ClassVar[tuple[str, ...]] = ("workers",)

    def run(self) -> Outcome:
        """Read the heartbeats."""
        return judge_workers(_heartbeats(self.time_limit))


@dataclass(frozen=True)
class Beat(Check):
    """Looks for one beat that lives and ticks."""

    id: str = "beat"
    component: str = "beat"

    def run(self) -> Outcome:
        """Read the heartbeats."""
        return judge_beats(_heartbeats(self.time_limit))


@dataclass(frozen=True)
class Broker(Check):
    """Connects anew to the broker of the current Celery app."""

    id: str = "broker"
    component: str = "broker"
    time_limit: float = 5.0
    interval: float = 30.0

    def run(self) -> Outcome:
        """Connect once, without trying again."""
        with current_app.connection_for_write(connect_timeout=self.time_limit / 2) as connection:
            transport = connection.transport_cls if isinstance(connection.transport_cls, str) else ""
            try:
                connection.ensure_connection(max_retries=1, interval_start=0, timeout=math.ceil(self.time_limit / 2))
            except OperationalError as error:
                cause = type(error.__cause__ or error).__name__
                return Outcome(Status.UNHEALTHY, f"The broker does not answer: {cause}")
        return Outcome(Status.HEALTHY, "Broker connection OK", {"transport": transport})


def judge_workers(beats: Sequence[Heartbeat]) -> Outcome:
    """Say how many workers live; those that said goodbye, or fell silent within the last day, are no longer active."""
    workers = [one for one in beats if one.kind == "worker"]
    active = sorted(one.node for one in workers if one.alive)
    silent = sorted(one.node for one in workers if not one.alive and not one.state.get("closing"))
    status = Status.HEALTHY if active else Status.UNHEALTHY
    message = f"{len(active)} worker(s) active" if active else "No worker is active"
    return Outcome(status, message, {"workers": active[:_SHOWN], "silent": silent[:_SHOWN]})


def judge_beats(beats: Sequence[Heartbeat]) -> Outcome:
    """Say whether exactly one beat lives and ticks."""
    alive = [one for one in beats if one.kind == "beat" and one.alive]
    details = {"nodes": [one.node for one in alive]}
    if not alive:
        return Outcome(Status.UNHEALTHY, "Beat is not running", details)
    if len(alive) > 1:
        return Outcome(Status.DEGRADED, f"{len(alive)} beats are running, and send everything twice", details)
    silence = alive[0].state.get("last_tick") or 0.0
    if silence > _SILENT_TICKS:
        return Outcome(Status.UNHEALTHY, f"Beat lives, but has not ticked for {silence:.0f} s", details)
    return Outcome(Status.HEALTHY, "Beat is running", details)


class _Reading:
    """One reading of the heartbeats, for the checks that are due at the same moment."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at = -_SAME_MOMENT_SECONDS
        self.of = ("", "")
        self.found: list[Heartbeat] = []


_reading = _Reading()


def _renew() -> None:
    global _reading  # noqa: PLW0603  # a fork's child must not wait for its parent's lock
    _reading = _Reading()


os.register_at_fork(after_in_child=_renew)


def _heartbeats(seconds: float) -> list[Heartbeat]:
    config, reading = get_config(), _reading
    of = (config.redis_url, config.stream_prefix)
    with reading.lock:
        if reading.of != of or time.monotonic() - reading.at >= _SAME_MOMENT_SECONDS:
            client = connect(config.redis_url, seconds)
            try:
                reading.found = heartbeats.read(client, config.stream_prefix)
            finally:
                client.connection_pool.disconnect()
            reading.of, reading.at = of, time.monotonic()
        return reading.found
