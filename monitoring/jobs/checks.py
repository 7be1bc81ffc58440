"""The checks of Celery: do workers and beat live, and does the broker answer?"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from celery import current_app
from django.db import DatabaseError, router
from kombu.exceptions import OperationalError

from monitoring.component import Check, Outcome, Status
from monitoring.conf import get_config
from monitoring.jobs import findings
from monitoring.jobs.queues.stalls import UNCONSUMED
from monitoring.storage.own_connection import own_connection
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect
from monitoring.stream.heartbeats import Heartbeat

_SILENT_TICKS = 60.0
_SHOWN = 100
_NAMED, _LONGEST = 3, 60
_DOWN, _WEDGED = "worker_down", "worker_wedged"
_DATABASE_SECONDS = 2.0
_READ = 1_000
_SAME_MOMENT_SECONDS = 0.5


@dataclass(frozen=True)
class Celery(Check):
    """Counts the workers whose heartbeats are fresh, and names what is wrong with others and with queues."""

    id: str = "celery"
    component: str = "celery"
    time_limit: float = 6.0

    public: ClassVar[tuple[str, ...]] = ("workers",)

    def run(self) -> Outcome:
        """Read the heartbeats, and what is found of workers that live."""
        return judge_workers(_heartbeats(self.time_limit / 2), _standing())


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


def judge_workers(beats: Sequence[Heartbeat], standing: Iterable[tuple[str, str]] = ()) -> Outcome:
    """Say how many workers live, which are down, and what is wrong with those that live and with queues.

    Args:
        beats: What all said within a day; a worker that said goodbye is no trouble.
        standing: Open findings, as kinds and subjects.
    """
    workers = [one for one in beats if one.kind == "worker"]
    active = sorted(one.node for one in workers if one.alive)
    found = list(standing)
    known = {one.node for one in workers}
    silent = {one.node for one in workers if not one.alive and not one.state.get("closing")}
    # Redis may have lost the heartbeats of the dead.
    down = sorted(silent | {subject for kind, subject in found if kind == _DOWN and subject not in known})
    wedged = sorted(subject for kind, subject in found if kind == _WEDGED and subject in active)
    unconsumed = sorted(subject for kind, subject in found if kind == UNCONSUMED)
    details = {"workers": active, "silent": down, "wedged": wedged, "unconsumed": unconsumed}
    shown = {name: listed[:_SHOWN] for name, listed in details.items()}
    if not active:
        return Outcome(Status.UNHEALTHY, "No worker is active", shown)
    troubles = {"down": down, "finish nothing": wedged, "nobody consumes": unconsumed}
    said = [f"{trouble}: {_named(names)}" for trouble, names in troubles.items() if names]
    message = "; ".join([f"{len(active)} worker(s) active", *said])
    return Outcome(Status.DEGRADED if said else Status.HEALTHY, message, shown)


def _named(names: Sequence[str]) -> str:
    """Name the first of several, each cut short."""
    first = ", ".join(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names[:_NAMED])
    return first if len(names) <= _NAMED else f"{first} and {len(names) - _NAMED} more"


def _standing() -> list[tuple[str, str]]:
    """Return the open findings that concern workers and queues; none while the database, another check's, is away."""
    asked = findings.open_findings(_DOWN, _WEDGED, UNCONSUMED).order_by("subject").values_list("kind", "subject")
    using = router.db_for_write(findings.Finding)
    try:
        with own_connection(using, _DATABASE_SECONDS) as connection, connection.cursor() as cursor:
            cursor.execute(*asked[:_READ].query.get_compiler(connection=connection).as_sql())
            return [(str(kind), str(subject)) for kind, subject in cursor.fetchall()]
    except DatabaseError:
        return []


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
