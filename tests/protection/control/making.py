"""Blocks as tests have them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.forms import network
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks.models import Block
from monitoring.protection.throttles import actions as throttles
from monitoring.protection.throttles.limit import Limit


def now() -> datetime:
    return datetime.now(UTC)


def make(text: str = "203.0.113.7", **values: Any) -> Block:
    found = network(text)
    assert found is not None
    given = {
        "network": str(found),
        "prefix": found.prefixlen,
        "started": now(),
        "expires": now() + timedelta(hours=1),
        "reason": "The client caused 6 server errors within 600 seconds.",
        "evidence": {"samples": [{"route": "GET api/x/"}]},
    }
    return Block.objects.create(**given | values)


def make_one_of_each() -> None:
    """Make a block, a throttle, and a network on the allow-list."""
    make()
    AllowedNetwork.objects.create(network="192.0.2.0/24", created=now())
    throttles.create(Limit("client", "192.0.2.0/24", 1.0, 1, "client"), "anna", now())


def active() -> set[str]:
    return set(Block.objects.all().in_force(now()).values_list("network", flat=True))
