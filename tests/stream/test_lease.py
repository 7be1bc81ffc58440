"""A lease lasts as long as its holder lives, however slow its work is."""

from __future__ import annotations

import time
from typing import Any

from monitoring.stream.lease import lease


def test_only_one_holds_it_and_it_is_given_back(redis_client: Any) -> None:
    with lease(redis_client, "work", 10) as mine, lease(redis_client, "work", 10) as second:
        assert (mine, second) == (True, False)
    with lease(redis_client, "work", 10) as again:
        assert again


def test_work_that_takes_longer_than_the_lease_keeps_it(redis_client: Any) -> None:
    with lease(redis_client, "work", 0.3) as mine:
        assert mine
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            with lease(redis_client, "work", 0.3) as second:
                assert not second
    assert not redis_client.exists("work")


def test_a_dead_holders_lease_ends_by_itself(redis_client: Any) -> None:
    redis_client.set("work", "the dead one's token", px=200)
    deadline = time.monotonic() + 10
    while True:
        with lease(redis_client, "work", 1) as mine:
            if mine:
                break
        assert time.monotonic() < deadline


def test_a_lease_that_became_somebody_elses_is_left_to_them(redis_client: Any) -> None:
    with lease(redis_client, "work", 10):
        redis_client.set("work", "somebody else's token")
    assert redis_client.get("work") == b"somebody else's token"


def test_work_that_hangs_does_not_keep_its_lease_for_ever(redis_client: Any) -> None:
    with lease(redis_client, "work", 0.3, 0.1) as held:
        assert held
        deadline = time.monotonic() + 10
        while redis_client.exists("work"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with lease(redis_client, "work", 30) as taken:
            assert taken
    assert not redis_client.exists("work")
