"""Processes that answer requests say so, with what they have applied; nobody takes them for workers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import redis

from monitoring import decisions as projected
from monitoring.conf import Config, get_config
from monitoring.recording import presence
from monitoring.recording.decisions import Copy
from monitoring.recording.presence import Presence
from monitoring.stream import heartbeats
from monitoring.stream.connection import connect
from monitoring.stream.decisions import Entry, Head, Replica
from monitoring.stream.heartbeats import Heartbeat
from monitoring.stream.projection import rebuild


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


@pytest.fixture
def config(redis_client: Any) -> Config:
    return replace(get_config(), heartbeat_interval=0.05)


@pytest.fixture
def client(config: Config) -> Iterator[redis.Redis]:
    made = connect(config.redis_url, 5.0, 4)
    yield made
    made.close()


@pytest.fixture
def copy(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    made = Copy()
    monkeypatch.setattr(presence, "copy", made)
    monkeypatch.setattr(presence.Server, "installed", True)
    made.follow(Presence)
    made.begin(config, lambda: None)
    yield made
    made.close()


def web(client: redis.Redis, config: Config) -> list[Heartbeat]:
    return heartbeats.read_web(client, config.stream_prefix)


def test_a_process_that_follows_says_what_it_is_and_goes_on_saying_so(
    copy: Copy, client: redis.Redis, config: Config
) -> None:
    until(lambda: web(client, config))
    (first,) = web(client, config)
    assert (first.kind, first.alive, first.interval) == ("web", True, pytest.approx(0.15))
    assert (first.state["pid"], first.state["supervised"]) == (os.getpid(), False)
    assert first.state["server"] in {"", "wsgi", "asgi"}
    client.zincrby(f"{config.stream_prefix}:heartbeats:web", -60_000, f"web:{first.instance}:{first.node}")
    until(lambda: web(client, config)[0].alive)


def test_it_says_which_decision_it_has_applied(copy: Copy, client: redis.Redis, config: Config) -> None:
    rebuild(client, Replica(config.stream_prefix), {"block": lambda: {"4:32:1": Entry("x")}})
    until(lambda: copy.number)
    told = {"epoch": copy.epoch, "number": copy.number}
    until(lambda: (found := web(client, config)) and found[0].state["decisions"] == told)


def test_who_ends_says_goodbye_and_is_forgotten_at_once(copy: Copy, client: redis.Redis, config: Config) -> None:
    until(lambda: web(client, config))
    copy.close()
    until(lambda: not web(client, config))


def test_workers_and_web_processes_are_not_taken_for_each_other(
    copy: Copy, client: redis.Redis, config: Config
) -> None:
    heartbeats.send(client, config.stream_prefix, "worker", "celery@one", {"instance": "w"})
    until(lambda: web(client, config))
    assert [one.kind for one in heartbeats.read_all(client, config.stream_prefix)] == ["worker"]
    assert [one.kind for one in heartbeats.read(client, config.stream_prefix)] == ["worker"]
    assert [one.kind for one in web(client, config)] == ["web"]


def test_the_dead_are_not_counted_and_forgotten_after_ten_minutes(client: redis.Redis, config: Config) -> None:
    prefix, key = config.stream_prefix, f"{config.stream_prefix}:heartbeats:web"
    for name in ("old", "dead", "alive"):
        heartbeats.send(client, prefix, "web", "shop@host", {"instance": name, "interval": 9})
    client.zincrby(key, -700_000, "web:old:shop@host")
    client.zincrby(key, -30_000, "web:dead:shop@host")
    assert projected.PROVIDERS["process_count"]() == {"web": Entry("1")}
    heartbeats.send(client, prefix, "web", "shop@host", {"instance": "alive", "interval": 9})
    assert {one.instance for one in web(client, config)} == {"dead", "alive"}
    assert client.hlen(f"{key}:state") == 2


def test_without_any_nobody_shares(client: redis.Redis, settings: Any) -> None:
    assert projected.PROVIDERS["process_count"]() == {}
    settings.MONITORING = {**settings.MONITORING, "EAGER": True, "REDIS_URL": "redis://127.0.0.1:1/0"}
    assert projected.PROVIDERS["process_count"]() == {}


def test_it_costs_less_than_one_command_a_second_however_often_decisions_wake_it(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[float] = []
    clock, held = Clock(), Copy()
    monkeypatch.setattr(heartbeats, "send", lambda *_: said.append(clock.now))
    monkeypatch.setattr(presence, "time", clock)
    monkeypatch.setattr(presence, "copy", held)
    one = Presence(get_config())
    for _ in range(90):
        assert 0 < one.visit(client) <= 9
        clock.now += 1
    assert said == [float(at) for at in range(0, 90, 9)]


def test_what_was_taken_over_is_told_soon_and_not_each_time(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[float] = []
    clock, held = Clock(), Copy()
    monkeypatch.setattr(heartbeats, "send", lambda *_: said.append(clock.now))
    monkeypatch.setattr(presence, "time", clock)
    monkeypatch.setattr(presence, "copy", held)
    one = Presence(get_config())
    for number in range(12):
        held._replica.head = Head("ab", f"{min(number, 4)}-1", 1)
        one.visit(client)
        clock.now += 1
    assert said == [0.0, 3.0, 6.0]


def test_a_throttle_that_was_taken_over_is_told_at_once(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[float] = []
    clock, held = Clock(), Copy()
    monkeypatch.setattr(heartbeats, "send", lambda *_: said.append(clock.now))
    monkeypatch.setattr(presence, "time", clock)
    monkeypatch.setattr(presence, "copy", held)
    one = Presence(get_config())
    for number in range(9):
        if number == 2:
            held.take({"throttle": {"1": Entry("x")}})
        one.visit(client)
        clock.now += 0.1
    assert said == pytest.approx([0.0, 0.2])


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


def test_a_redis_that_refuses_to_write_is_still_read(copy: Copy, client: redis.Redis, config: Config) -> None:
    rebuild(client, Replica(config.stream_prefix), {"block": lambda: {"4:32:1": Entry("x")}})
    client.set(f"{config.stream_prefix}:heartbeats:web", "of another type")
    rebuild(client, Replica(config.stream_prefix), {"block": lambda: {"4:32:1": Entry("y")}})
    until(lambda: copy.get("block", "4:32:1") == "y")
