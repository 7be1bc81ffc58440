"""Two callers of a process wait at a time, for a limited time; and nobody where outcomes are late."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from typing import Any

import pytest

from monitoring.conf import Config, get_config
from monitoring.recovery.callers import asking, outcomes
from monitoring.recovery.callers.places import Places, places

from .conftest import SUCCEEDED

ERROR = "ab" * 16


def test_there_are_two_places() -> None:
    places = Places()
    with places.one() as first, places.one() as second, places.one() as third:
        assert (first, second, third) == (True, True, False)
    with places.one() as again:
        assert again


def test_who_does_not_want_to_wait_takes_no_place() -> None:
    places = Places()
    with places.one(wanted=False) as first, places.one() as second, places.one() as third:
        assert (first, second, third) == (False, True, True)


def test_a_place_is_left_by_whoever_fails() -> None:
    places = Places()
    for _ in range(5):
        with contextlib.suppress(KeyError), places.one() as waiting:
            assert waiting
            raise KeyError


def test_nobody_waits_after_an_outcome_was_late_but_who_is_patient() -> None:
    places = Places()
    places.came(in_time=False)
    with places.one() as waiting, places.one(patient=True) as patient:
        assert (waiting, patient) == (False, True)
    places.came(in_time=True)
    with places.one() as waiting:
        assert waiting


def test_an_outcome_that_is_there_is_taken_once(redis_client: Any) -> None:
    config = get_config()
    redis_client.lpush(outcomes.key(config.stream_prefix, ERROR), json.dumps(SUCCEEDED))
    assert outcomes.wait(config, ERROR, time.monotonic() + 5) == SUCCEEDED
    assert outcomes.wait(config, ERROR, time.monotonic() + 0.05) is None


def test_an_outcome_that_comes_is_waited_for(redis_client: Any) -> None:
    config, found = get_config(), []
    waiting = threading.Thread(target=lambda: found.append(outcomes.wait(config, ERROR, time.monotonic() + 30)))
    waiting.start()
    redis_client.lpush(outcomes.key(config.stream_prefix, ERROR), json.dumps(SUCCEEDED))
    waiting.join(30)
    assert found == [SUCCEEDED]


@pytest.mark.parametrize("sent", [b"{", b"[]", b"\xff", b'{"attempted": 1}'])
def test_an_outcome_that_nobody_can_read_is_none(redis_client: Any, sent: bytes) -> None:
    config = get_config()
    redis_client.lpush(outcomes.key(config.stream_prefix, ERROR), sent)
    assert outcomes.wait(config, ERROR, time.monotonic() + 5) is None


def test_who_waits_goes_on_at_once_where_redis_is_away_and_the_next_ones_do_not_even_try() -> None:
    away = Config(redis_url="redis://127.0.0.1:1/0")
    before = time.monotonic()
    assert asking.outcome(away, ERROR, before + 60) is None
    assert time.monotonic() - before < 30
    assert places.resting


def test_a_time_that_is_over_is_not_waited_for() -> None:
    assert outcomes.wait(Config(redis_url="redis://192.0.2.1:1/0"), ERROR, time.monotonic()) is None


def test_where_redis_hangs_the_caller_goes_on_when_its_time_is_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = Config(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        before = time.monotonic()
        assert outcomes.wait(hangs, ERROR, before + 1.2) is None
        assert time.monotonic() - before < 5
