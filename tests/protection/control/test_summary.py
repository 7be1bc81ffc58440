"""How the protection stands, in one document."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring import decisions
from monitoring.conf import get_config
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks import totals
from monitoring.protection.throttles import actions
from monitoring.protection.throttles.limit import Limit
from monitoring.stream import heartbeats
from monitoring.stream.decisions import Replica
from tests.pipeline import client

from .making import make, now

URL = "/api/monitoring/protection/"


@pytest.mark.usefixtures("redis_client")
def test_it_says_who_is_refused_who_would_be_and_who_never_is(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "TRUSTED_PROXIES": ["10.0.0.0/8"], "ALLOWED_CLIENTS": ["192.0.2.1"]}
    settings.ERROR_RATE_LIMIT_COUNT = 7
    make("203.0.113.7")
    make("203.0.113.8", ended=now())
    make("203.0.113.9", withheld="shared")
    totals.add({"blocked": 2, "api": 1, "shared": 4}, "default")
    AllowedNetwork.objects.create(network="192.0.2.9/32", created=now())
    ActingAdmin.objects.create(address="198.51.100.9", at=now())
    actions.create(Limit("all", "*", 1.0, 1, "all"), "anna", now())
    shown = api.get(URL).json()
    assert (shown["mode"], shown["limits"]["count"], shown["limits"]["route_blame"]) == ("enforce", 7, "majority")
    assert (shown["blocks"], [one["network"] for one in shown["latest"]]) == (1, ["203.0.113.7/32"])
    assert shown["blocked_total"] == {"auto": 2, "manual": 0, "api": 1}
    assert shown["would_block"]["shared"] == {"now": 1, "total": 4}
    assert shown["would_block"]["proxy"] == {"now": 0, "total": 0}
    assert (shown["throttles"], shown["allowed"], shown["acting_admins"]) == (1, 1, ["198.51.100.9"])
    assert (shown["allowed_by_settings"], shown["trusted_proxies"]) == (["192.0.2.1"], ["10.0.0.0/8"])


@pytest.mark.usefixtures("redis_client")
def test_it_says_which_process_has_taken_over_which_decision(api: Client) -> None:
    make("203.0.113.7")
    decisions.project(get_config())
    replica = Replica(get_config().stream_prefix)
    head = replica.catch_up(client())
    assert head is not None
    held = {
        "current": {"epoch": head.epoch, "number": head.number},
        "behind": {"epoch": head.epoch, "number": head.number - 1},
        "before": {"epoch": "gone", "number": 1},
        "cold": {},
    }
    for number, (node, said) in enumerate(held.items()):
        state = {"pid": number, "instance": node, "decisions": said}
        heartbeats.send(client(), get_config().stream_prefix, "web", node, state)
    heartbeats.send(client(), get_config().stream_prefix, "web", "odd", {"pid": "x", "decisions": [1], "instance": "o"})
    shown = api.get(URL).json()
    found = {one["node"]: (one["behind"], one["cold"]) for one in shown["processes"]}
    assert found["current"] == (0, False)
    assert found["behind"] == (1, False)
    assert found["before"] == (None, False)
    assert found["cold"] == found["odd"] == (None, True)
    assert shown["cold_processes"] == sum(cold for _, cold in found.values())  # this process may be another one


def test_it_answers_while_redis_is_away(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    shown = api.get(URL).json()
    assert (shown["processes"], shown["cold_processes"]) == (None, None)
