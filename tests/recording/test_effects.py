"""Effects come with the decisions, are applied once, told at once, and taken back when they end or expire."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from monitoring.conf import get_config
from monitoring.recording import effects as face
from monitoring.recording import presence
from monitoring.recording.effects.held import NEVER, Effects
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect
from monitoring.stream.decisions import Entry, Replica
from monitoring.stream.projection import rebuild

ROOT = Path(__file__).resolve().parents[2]
Told = list[tuple[str, Any]]


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (seen := condition()):
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)
    return seen


def entry(effect: str = "e1", seconds: float | None = None, **value: Any) -> Entry:
    expires = None if seconds is None else int((time.time() + seconds) * 1000)
    return Entry(json.dumps({"id": effect, **value}), expires)


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def effects(told: Told) -> Effects:
    made = Effects()

    def apply(key: str, value: Any) -> str | None:
        told.append((key, value and value["id"]))
        return "not here" if key == "closed" else None

    made.register("pool", apply)
    return made


def test_what_comes_is_applied_once_and_what_ends_is_taken_back(effects: Effects, told: Told) -> None:
    effects.follow({"pool": {"enginel:default": entry(), ":all": entry("e2"), "billing:default": entry("e3")}})
    effects.follow({"pool": {"enginel:default": entry(), ":all": entry("e2")}})
    assert told == [("default", "e1"), ("all", "e2")]
    assert effects.applied() == {"e1": "", "e2": ""}
    assert effects.standing("pool", "default") == {"id": "e1"}
    effects.follow({"pool": {":all": entry("e4")}})
    assert told[2:] == [("default", None), ("all", "e4")]
    assert effects.standing("pool", "default") is None
    effects.forget()
    assert (effects.applied(), told[-1]) == ({}, ("all", None))


def test_who_cannot_says_why_and_does_not_go_by_it(effects: Effects) -> None:
    effects.follow({"pool": {"enginel:closed": entry()}})
    assert effects.applied() == {"e1": "not here"}
    assert effects.standing("pool", "closed") is None


def test_an_applier_that_raises_is_a_refusal(effects: Effects) -> None:
    effects.register("cache", lambda key, value: str(1 / 0))
    effects.follow({"cache": {"enginel:default": entry()}})
    assert effects.applied() == {"e1": "ZeroDivisionError: division by zero"}


def test_it_ends_at_its_own_expiry_whoever_says_so(effects: Effects, told: Told) -> None:
    assert effects.expire() == NEVER
    effects.follow({"pool": {"enginel:default": entry(seconds=0.05), "enginel:gone": entry("e2", seconds=-1)}})
    assert told == [("default", "e1")]
    assert 0 <= effects.expire() <= 0.05
    until(lambda: effects.standing("pool", "default") is None)
    until(lambda: effects.expire() == NEVER)
    assert told[-1] == ("default", None)


def test_who_registers_later_finds_what_was_decided_before(effects: Effects, told: Told) -> None:
    effects.follow({"cache": {"enginel:default": entry("e9")}})
    assert effects.applied() == {}
    effects.register("cache", lambda key, value: told.append((key, value["id"])))
    assert told == [("default", "e9")]


@pytest.mark.parametrize("value", ["", "[]", "no JSON", "[" * 5_000])
def test_what_a_stranger_wrote_is_left_alone(effects: Effects, value: str, told: Told) -> None:
    effects.follow({"pool": {"enginel:default": Entry(value), "without a colon": entry()}})
    assert told == []
    assert effects.applied() == {}


def test_what_a_process_can_do_is_told_by_those_who_can(effects: Effects) -> None:
    effects.offer("pools", lambda: {"default": 1}, volatile=True)
    effects.offer("caches", lambda: None)
    effects.offer("broken", lambda: 1 / 0)
    assert effects.capabilities() == {
        "effects": ["pool"],
        "pools": {"default": 1},
        "broken": {"error": "ZeroDivisionError"},
    }
    assert "pools" not in effects.capabilities(lasting=True)


def test_a_forked_child_knows_what_its_parent_applied_and_takes_it_back_itself(effects: Effects, told: Told) -> None:
    effects.follow({"pool": {"enginel:default": entry()}})
    effects._begin()
    assert effects.applied() == {"e1": ""}
    effects.follow({})
    assert told[-1] == ("default", None)


@pytest.fixture
def client() -> Iterator[redis.Redis]:
    made = connect(get_config().redis_url, 5.0, 4)
    yield made
    made.close()


def test_a_process_tells_at_once_what_it_applied(
    client: redis.Redis, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next heartbeat would be due in an hour.
    settings.MONITORING = {**settings.MONITORING, "HEARTBEAT_INTERVAL": 1_000.0}
    prefix = get_config().stream_prefix
    presence.begin()
    monkeypatch.setitem(face.effects._appliers, "priority", lambda key, value: None)
    everybody = (heartbeats.read_processes, heartbeats.read_web)

    def said() -> Any:
        (one,) = [one for read in everybody for one in read(client, prefix)] or [None]
        return one and one.state["effects"]

    until(lambda: said() == {})
    replica = Replica(prefix)
    rebuild(client, replica, {"priority": lambda: {"enginel:mail": entry("e5")}})
    until(lambda: said() == {"e5": ""})
    rebuild(client, replica, {"priority": dict})
    until(lambda: said() == {})


def test_a_script_without_django_tells_of_itself_and_says_goodbye(client: redis.Redis) -> None:
    config = get_config()
    told = {"REDIS_URL": config.redis_url, "STREAM_PREFIX": config.stream_prefix, "SERVICE": "script"}
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    code = (
        "from monitoring.recording import presence; presence.begin()\n"
        "from monitoring.recording.resilience.timeouts import timeout; timeout('payments', 2, most=9)\n"
        "input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | {"MONITORING": json.dumps(told)},
        stdin=subprocess.PIPE,
    )
    try:
        one = until(lambda: next(iter(heartbeats.read_processes(client, config.stream_prefix)), None))
        assert (one.kind, one.state["pid"], one.state["service"]) == ("process", process.pid, "script")
        timeouts = {"payments": {"default": 2, "most": 9}}
        until(
            lambda: (
                heartbeats.read_processes(client, config.stream_prefix)[0].state["can"].get("http_timeouts") == timeouts
            )
        )
        assert heartbeats.read_web(client, config.stream_prefix) == []
        process.communicate(b"\n", timeout=30)
        until(lambda: not heartbeats.read_processes(client, config.stream_prefix))
    finally:
        process.kill()
        process.wait()


def test_of_more_than_can_be_told_the_latest_are(effects: Effects) -> None:
    decided = {f":s{number}": entry(f"e{number}") for number in range(400)}
    effects.follow({"pool": decided})
    effects.follow({"pool": {**decided, ":s0": entry("changed"), ":new": entry("new")}})
    assert {"changed", "new", "e399"} <= effects.applied().keys()
