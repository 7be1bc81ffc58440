"""Who is refused, who is not, and that nothing that goes wrong refuses anybody."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections import Counter
from typing import Any

import pytest
from redis.connection import AbstractConnection

from monitoring.recording.decisions import copy
from monitoring.recording.enforcement import counting
from monitoring.recording.enforcement import verdict as module
from monitoring.recording.enforcement.verdict import Verdict
from monitoring.stream.decisions import Entry

from .conftest import Decide, throttle

CLIENT, KEY = "1.2.3.4", "4:32:1020304"


def verdict(client: str = CLIENT, route: str = "GET api/designs/", authorization: str = "") -> Verdict | None:
    return module.verdict(client, None, lambda _: route, lambda _: authorization)


def test_a_blocked_client_is_refused_until_the_block_ends(decide: Decide, counted: Counter[str]) -> None:
    decide(blocks={KEY: 90.5})
    found = verdict()
    assert found is not None
    assert (found.kind, found.key) == ("block", "7")
    assert 90 <= found.retry_after <= 91
    assert verdict("1.2.3.5") is None
    decide(blocks={KEY: -0.001})
    assert verdict() is None
    assert counted == {"protection_refused_block_total": 1}


def test_a_block_ends_without_anybody_telling(decide: Decide) -> None:
    decide(blocks={KEY: 0.2})
    deadline = time.monotonic() + 20
    while verdict() is not None:
        assert time.monotonic() < deadline
    assert verdict() is None


def test_by_ipv6_everybody_of_a_network_is_refused(decide: Decide) -> None:
    decide(blocks={"6:64:20010db800000001": 60})
    assert verdict("2001:db8:0:1::1") is not None
    assert verdict("2001:db8:0:1:ffff:ffff:ffff:ffff") is not None
    assert verdict("2001:db8:0:2::1") is None


@pytest.mark.parametrize("client", ["", "unknown"])
def test_who_is_not_known_is_never_blocked(decide: Decide, client: str) -> None:
    decide(blocks={"4:0:0": 60, "6:0:0": 60})
    assert verdict(client) is None
    assert verdict() is not None


@pytest.mark.parametrize("setting", ["TRUSTED_PROXIES", "ALLOWED_CLIENTS"])
def test_networks_of_the_settings_are_never_refused(decide: Decide, settings: Any, setting: str) -> None:
    settings.MONITORING = {**settings.MONITORING, setting: ["1.2.0.0/16"]}
    decide(blocks={KEY: 60, "4:32:1030304": 60}, throttles={"1": throttle(rate=0.001)})
    assert [verdict() for _ in range(3)] == [None] * 3
    assert verdict("1.3.3.4") is not None


def test_networks_that_people_allow_are_never_refused(decide: Decide) -> None:
    blocks = {KEY: 60, "6:64:20010db800000001": 60}
    decide(blocks, {"1": throttle(rate=0.001)}, allow={"4:16:102": "3", "6:32:20010db8": "4"})
    assert [verdict(client) for client in (CLIENT, CLIENT, "2001:db8:0:1::1")] == [None] * 3
    decide(blocks, allow={"4:16:103": "3"})
    assert verdict() is not None


@pytest.mark.parametrize(
    ("setting", "decided", "mode"),
    [
        ("enforce", None, "enforce"),
        ("enforce", "enforce", "enforce"),
        ("enforce", "dry_run", "dry_run"),
        ("enforce", "off", "off"),
        ("dry_run", "enforce", "dry_run"),
        ("dry_run", None, "dry_run"),
        ("off", "enforce", "off"),
        ("off", None, "off"),
        ("enforce", "nonsense", "enforce"),
    ],
)
def test_the_milder_of_the_setting_and_of_what_was_decided_is_done(
    decide: Decide, counted: Counter[str], settings: Any, setting: str, decided: str | None, mode: str
) -> None:
    settings.MONITORING = {**settings.MONITORING, "PROTECTION": setting}
    decide({KEY: 60}, {"1": throttle(rate=0.001)}, protection={"mode": decided} if decided else {})
    refused = [verdict(client) is not None for client in (CLIENT, "5.6.7.8", "5.6.7.8")]
    counts = {"off": [0, 0, 0, 0], "dry_run": [0, 0, 1, 1], "enforce": [1, 1, 0, 0]}[mode]
    assert refused == [mode == "enforce", False, mode == "enforce"]
    assert [counted[name] for name in (*counting.REFUSED.values(), *counting.WOULD_REFUSE.values())] == counts


def test_who_comes_too_often_is_told_when_the_next_token_comes(decide: Decide, counted: Counter[str]) -> None:
    decide(throttles={"9": throttle(rate=0.1, burst=2)})
    found = [verdict() for _ in range(3)]
    assert found == [None, None, Verdict("throttle", "9", 10, "Slowly")]
    assert verdict("5.6.7.8") is None
    assert counted == {"protection_refused_throttle_total": 1}


def test_processes_share_a_limit(decide: Decide) -> None:
    decide(throttles={"9": throttle(rate=0.001, burst=8)}, process_count={"web": "4"})
    assert [verdict() is None for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize("counted_processes", ["", "0", "-3", "many", "²"])
def test_a_count_that_is_none_shares_with_nobody(decide: Decide, counted_processes: str) -> None:
    decide(throttles={"9": throttle(rate=0.001, burst=2)}, process_count={"web": counted_processes})
    assert [verdict() is None for _ in range(3)] == [True, True, False]


def test_while_nothing_is_known_everybody_is_answered_and_that_is_counted(
    decide: Decide, counted: Counter[str]
) -> None:
    assert [verdict() for _ in range(3)] == [None] * 3
    assert counted == {"protection_unready_total": 3}
    decide(blocks={KEY: 60})
    assert verdict() is not None
    copy.reset()
    assert verdict() is None
    assert counted["protection_unready_total"] == 4


def test_whatever_goes_wrong_the_request_is_answered_and_that_is_counted(decide: Decide, counted: Counter[str]) -> None:
    def broken(_: Any) -> str:
        raise RuntimeError

    decide(throttles={"9": throttle("route", "api/*")})
    assert module.verdict(CLIENT, None, broken, broken) is None
    assert counted == {"protection_failed_total": 1}


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", '{"id": []}', "9" * 5_000])
def test_a_block_whose_value_is_odd_is_a_block(decide: Decide, value: str) -> None:
    decide()
    copy.take({"block": {KEY: Entry(value)}, "block_length": {"4:32": Entry("1")}})
    found = verdict()
    assert found is not None
    assert found.retry_after == 3_600


def test_what_changes_is_known_at_once_and_what_stays_is_not_worked_out_again(
    decide: Decide, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[int] = []
    read = module.rules.read
    monkeypatch.setattr(module.rules, "read", lambda *given: (worked_out.append(1), read(*given))[1])
    decide(blocks={KEY: 60})
    assert [verdict() is None for _ in range(5)] == [False] * 5
    assert len(worked_out) == 1
    decide()
    assert verdict() is None
    decide(blocks={"4:24:10203": 60})
    assert verdict() is not None
    assert len(worked_out) == 3


def test_a_request_asks_nobody(decide: Decide, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Redis nor, as long as no throttle stands, the lock of the buckets."""
    blocks = dict.fromkeys((f"4:32:{number:x}" for number in range(100_000)), 60.0)
    decide(blocks)

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(AbstractConnection, "send_packed_command", forbidden)
    monkeypatch.setattr(module, "_state", module._state)
    monkeypatch.setattr(module._state.buckets, "_lock", None)
    assert verdict() is None
    assert verdict("0.1.0.0") is not None


def test_threads_and_event_loops_that_ask_at_once_get_what_there_is(decide: Decide) -> None:
    decide(throttles={"9": throttle(rate=0.001, burst=300, per="all")})
    passed: list[int] = []

    def ask() -> None:
        passed.append(sum(verdict(f"1.1.1.{number % 7}") is None for number in range(100)))

    async def ask_later() -> None:
        await asyncio.sleep(0)
        ask()

    async def all_of_them() -> None:
        await asyncio.gather(*(ask_later() for _ in range(4)))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads.append(threading.Thread(target=lambda: asyncio.run(all_of_them())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 300


def test_a_child_begins_with_buckets_and_a_lock_of_its_own(decide: Decide) -> None:
    decide(throttles={"9": throttle(rate=0.001, per="all")})
    assert [verdict() is None for _ in range(2)] == [True, False]
    module._state.buckets._lock.acquire()
    child = os.fork()
    if child == 0:
        copy.take({"throttle": {"9": Entry(throttle(rate=0.001, per="all"))}})
        answered = [verdict() is None for _ in range(2)]
        os._exit(0 if answered == [True, False] else 1)
    module._state.buckets._lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_memory_is_bounded_under_a_flood_of_clients(decide: Decide, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(throttles={"9": throttle(rate=0.001)})
    monkeypatch.setattr(module._state.buckets, "_most", 1_000)
    for number in range(20_000):
        verdict(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(module._state.buckets) == 1_000


def test_the_value_of_a_block_says_its_id(decide: Decide) -> None:
    decide()
    copy.take({"block": {KEY: Entry(json.dumps({"id": 42}))}, "block_length": {"4:32": Entry("1")}})
    found = verdict()
    assert found is not None
    assert found.key == "42"
