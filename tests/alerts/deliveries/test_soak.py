"""Senders are killed at a hundred random moments, and a channel has a bad day: every alert arrives, under one key."""

from __future__ import annotations

import dataclasses
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from monitoring.alerts.channels.base import Channel
from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.deliveries.desk import Desk, desk
from monitoring.alerts.deliveries.dispatch import deliver
from monitoring.alerts.deliveries.models import Delivery
from monitoring.alerts.incidents.models import Incident
from tests.alerts.deliveries.making import NOW, channel, happen, incident, key
from tests.alerts.deliveries.receivers import Mailbox, Receiver, WebReceiver

pytestmark = pytest.mark.soak

KILLS, SENDERS = 100, 2
SPEED = 60.0
"""Seconds that pass for senders within one: leases and rests end in time."""
_BEGAN = time.monotonic()
_PATIENCE = 180.0


def now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=(time.monotonic() - _BEGAN) * (SPEED - 1))


def fast_desk(places: Mapping[str, Channel]) -> Desk:
    return dataclasses.replace(desk(), channel=places.get, now=now)


class Senders:
    """Processes that send what is due until they are killed."""

    def __init__(self, places: Mapping[str, Channel]) -> None:
        self._places = places
        self._pids = [self._start() for _ in range(SENDERS)]

    def kill_one(self, random_one: random.Random) -> None:
        chosen = random_one.randrange(len(self._pids))
        self._end(self._pids[chosen])
        self._pids[chosen] = self._start()

    def stop(self) -> None:
        for pid in self._pids:
            self._end(pid)

    def _start(self) -> int:
        connections.close_all()
        pid = os.fork()
        if pid == 0:
            while os.getppid() != 1:
                try:
                    deliver(fast_desk(self._places))
                except Exception:  # a database that is busy, for one: the next run goes on
                    connections.close_all()
                time.sleep(0.02)
            os._exit(0)
        return pid

    def _end(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def receivers(
    database: None,
    hook: WebReceiver,
    mailbox: Mailbox,
    settings: Any,
) -> Iterator[dict[str, Receiver]]:
    """A mailbox, and two programs of which one has a bad day."""
    settings.ERROR_ALERT_RECIPIENTS = []
    bad, chance = WebReceiver(), random.Random(7)
    bad.busy = lambda: chance.random() < 0.3
    rows = [channel(name, hourly_limit=limit) for name, limit in (("mail", 600), ("web", 0), ("bad", 600))]
    yield dict(zip(map(key, rows), (mailbox, hook, bad), strict=True))
    bad.close()


def test_whenever_senders_are_killed_every_alert_arrives(receivers: dict[str, Receiver]) -> None:
    seed = random.randrange(10_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    senders = Senders({name: one.channel() for name, one in receivers.items()})
    try:
        firing: list[Incident] = []
        for number in range(KILLS):
            fresh = [incident(f"{number} {one}") for one in range(chance.choice((1, 1, 2, 3, 9)))]
            happen("firing", *fresh, minutes=_minutes())
            firing += fresh
            over = [firing.pop(chance.randrange(len(firing))) for _ in range(chance.randrange(len(firing)))]
            happen("resolved", *over, minutes=_minutes())
            time.sleep(chance.random() * 0.3)
            senders.kill_one(chance)
        _wait_until_settled()
    finally:
        senders.stop()
    AlertChannel.objects.update(enabled=False)
    for name, receiver in receivers.items():
        _check(name, [_key(one) for one in receiver.arrived])


def _minutes() -> float:
    """Return the time of senders, as `happen` takes it."""
    return (now() - NOW).total_seconds() / 60


def _wait_until_settled() -> None:
    ends = time.monotonic() + _PATIENCE
    while (left := Delivery.objects.filter(settled=None).count()) and time.monotonic() < ends:
        time.sleep(0.2)
    assert not left, f"{left} are still open"


def _key(arrived: str) -> str:
    return arrived.strip("<>").partition("@")[0]


def _check(destination: str, arrived: list[str]) -> None:
    rows = list(Delivery.objects.filter(destination=destination).select_related("digest", "incident").order_by("pk"))
    keys = {row.pk: str((row.digest or row).idempotency_key) for row in rows if row.state == "sent"}
    assert {row.state for row in rows} <= {"sent", "dropped"}
    assert set(keys.values()) == set(arrived), "what arrived is what was sent, each under one key"
    assert len(arrived) - len(set(arrived)) <= KILLS
    first = {one: arrived.index(one) for one in set(arrived)}
    for one in Incident.objects.all():
        told = {row.kind: row for row in rows if row.incident_id == one.pk}
        if told["firing"].state == "dropped":
            assert one.state == "resolved", "only what was over before need not be told"
            assert "resolved" not in told
            continue
        assert ("resolved" in told) == (one.state == "resolved"), "it is told where it was told that it fires"
        if "resolved" in told:
            assert first[keys[told["firing"].pk]] <= first[keys[told["resolved"].pk]]
    print(
        f"{destination}: {len(rows)} deliveries, {len(set(arrived))} messages, {len(arrived) - len(set(arrived))} twice"
    )
