"""Nobody hides behind others, however many there are and however much they fail."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count as numbers
from typing import Any

import pytest

from monitoring.component import Outage
from monitoring.conf import get_config
from monitoring.protection import pending
from monitoring.protection.blocks.models import Block
from monitoring.protection.counting.reading import Over
from monitoring.protection.deciding import decide
from tests.protection.failing import BAD, Failure, count, now, times

pytestmark = pytest.mark.django_db
CROWD = [f"198.51.100.{host}" for host in range(1, 10)]


@pytest.fixture(autouse=True)
def few(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three clients are many, and a run of the test is one transaction."""
    settings.MONITORING = {**settings.MONITORING, "EAGER": True}
    monkeypatch.setattr(pending, "TOGETHER", 3)


def fail(clients: list[str], each: int, at: int) -> list[Failure]:
    return [failure for client in clients for failure in times(client, each, at=at)]


def run(at: int) -> int:
    return decide(get_config(), Outage(), datetime.fromtimestamp(at / 1000, UTC)).blocked


@pytest.mark.parametrize("goes_on", [False, True])
def test_who_fails_less_than_a_crowd_that_was_not_blocked_is_found(goes_on: bool) -> None:
    at = now()
    count(fail(CROWD, 10, at))
    assert run(at) == 0
    assert Block.objects.filter(withheld="shared").count() == len(CROWD)
    if goes_on:
        count(fail(CROWD, 10, at + 500))
    count(times(BAD, 6, "GET api/other/", at=at + 500))
    assert run(at + 500) == 1
    assert Block.objects.get(withheld="").network == f"{BAD}/32"


def test_a_crowd_is_decided_in_one_run_and_everybody_once() -> None:
    at = now()
    failures = [f for place, client in enumerate(CROWD) for f in times(client, 6, f"GET {place}/", at=at)]
    count(failures)
    assert [run(at), run(at)] == [len(CROWD), 0]


def over(*clients: tuple[str, int]) -> Over:
    return Over(0, clients, [("shop", "GET a/")])


def made(network: str, at: int, withheld: str = "") -> None:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    Block.objects.create(network=network, prefix=32, started=moment, expires=moment, withheld=withheld)


def test_who_is_decided_comes_last_or_not_at_all() -> None:
    made("192.0.2.1/32", 1_000)
    made("192.0.2.2/32", 1_000, "shared")
    made("192.0.2.3/32", 1_000, "shared")
    clients = [(f"192.0.2.{host}/32", 2_000 if host == 3 else 1_000) for host in range(1, 5)]
    assert list(pending.pages(over(*clients), "default")) == [
        (["192.0.2.4/32", "192.0.2.3/32", "192.0.2.2/32"], [("shop", "GET a/")])
    ]


def test_who_is_not_reached_in_time_waits_for_the_next_run() -> None:
    clients = [(f"192.0.2.{host}/32", 1_000) for host in range(12)]
    clock = (pending.SECONDS * step / 2 for step in numbers())
    found = list(pending.pages(over(*clients), "default", lambda: next(clock)))
    assert [len(page) for page, _ in found] == [3, 3]
    assert [len(routes) for _, routes in found] == [1, 0]
