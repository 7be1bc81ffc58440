"""What ended long ago is dropped; what is in force stays, however old."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitoring.conf import get_config
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks.models import Block
from monitoring.protection.retention import prune
from monitoring.protection.throttles.models import Throttle

from .control.making import make, now

LONG, LATELY = timedelta(days=401), timedelta(days=399)


@pytest.mark.usefixtures("db")
def test_what_ended_long_ago_is_dropped() -> None:
    begun = now() - 2 * LONG
    for when in (LONG, LATELY):
        make(started=begun, expires=now() - when, ended=now() - when)
        for times in ({"ended": now() - when}, {"expires": now() - when}, {}):
            AllowedNetwork.objects.create(network=f"n{when}{times}"[:43], created=begun, **times)
            values = {"scope": "all", "match": "*", "rate": 1.0, "burst": 1, "per": "all"}
            Throttle.objects.create(created=begun, **values, **times)
    make("203.0.113.8", started=begun)
    ActingAdmin.objects.create(address="203.0.113.1", at=now() - timedelta(hours=23))
    ActingAdmin.objects.create(address="203.0.113.2", at=now() - timedelta(hours=25))
    prune(get_config())
    assert (Block.objects.count(), AllowedNetwork.objects.count(), Throttle.objects.count()) == (2, 4, 4)
    assert [row.address for row in ActingAdmin.objects.all()] == ["203.0.113.1"]


@pytest.mark.usefixtures("db")
def test_what_a_block_came_from_is_kept_no_longer_than_other_samples() -> None:
    begun, samples = now() - timedelta(days=30), {"samples": [{"user": "7"}]}
    for days in (13, 15):
        when = now() - timedelta(days=days)
        make(started=begun, expires=when, ended=when, evidence=samples)
    make("203.0.113.8", started=begun, evidence=samples)
    prune(get_config())
    assert sorted(map(bool, Block.objects.values_list("evidence", flat=True))) == [False, True, True]
