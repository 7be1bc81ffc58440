"""Each process has a copy of the decisions: looked up without network, followed by a thread, served without Redis."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mode
from typing import Any

import pytest
import redis
from django.test import Client

from monitoring.conf import Config
from monitoring.recording import decisions
from monitoring.recording.decisions import Copy
from monitoring.recording.native import NativeThread
from monitoring.stream.connection import connect
from monitoring.stream.decisions import Entry, Keys, Replica
from monitoring.stream.projection import rebuild
from tests.private_redis import PrivateRedis

PREFIX = "followed"


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for a condition; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def server(shared_server: PrivateRedis) -> PrivateRedis:
    shared_server.client.flushall()
    return shared_server


@pytest.fixture
def client(server: PrivateRedis) -> Iterator[redis.Redis]:
    made = connect(server.url, 5.0, 4)
    yield made
    made.close()


@pytest.fixture
def config(server: PrivateRedis) -> Config:
    return Config(redis_url=server.url, stream_prefix=PREFIX)


class Failures(list[int]):
    """Counts what went wrong."""

    def __call__(self) -> None:
        self.append(1)


@pytest.fixture
def failures() -> Iterator[Failures]:
    counted = Failures()
    yield counted
    assert counted == []


@pytest.fixture
def copy(config: Config, failures: Failures) -> Iterator[Copy]:
    """A copy that is being followed."""
    made = Copy()
    made.follow()
    made.begin(config, failures)
    yield made
    made.close()


def project(client: redis.Redis, **values: str) -> None:
    rebuild(client, Replica(PREFIX), {"bug": lambda: {key: Entry(value) for key, value in values.items()}})


def head_of(client: redis.Redis) -> tuple[str, int]:
    replica = Replica(PREFIX)
    head = replica.catch_up(client)
    assert head is not None
    return head.epoch, head.number


def test_what_was_decided_is_known_soon_and_so_is_what_was_taken_back(copy: Copy, client: redis.Redis) -> None:
    assert copy.get("bug", "shop:1") is None
    assert (copy.epoch, copy.number) == ("", 0)
    project(client, a="B-001", b="B-002")
    until(lambda: copy.get("bug", "a") == "B-001")
    assert (copy.epoch, copy.number) == head_of(client)
    project(client, b="B-003")
    until(lambda: copy.get("bug", "b") == "B-003")
    assert copy.get("bug", "a") is None
    assert copy.get("limit", "b") is None
    assert (copy.epoch, copy.number) == head_of(client)


def test_what_is_there_already_is_known_to_who_comes_late(config: Config, client: redis.Redis) -> None:
    project(client, a="B-001")
    late = Copy()
    late.follow()
    late.begin(config, lambda: None)
    until(lambda: late.get("bug", "a") == "B-001")
    late.close()


def test_nobody_follows_who_was_not_asked_to(config: Config, client: redis.Redis) -> None:
    project(client, a="B-001")
    before = threading.active_count(), len(client.client_list())
    quiet = Copy()
    quiet.begin(config, lambda: None)
    assert quiet._follower is None
    assert (threading.active_count(), len(client.client_list())) == before
    quiet.close()


def test_a_decision_ends_by_its_own_expiry_also_while_redis_is_away(
    tmp_path: Path, config: Config, failures: Failures
) -> None:
    server = PrivateRedis(tmp_path)
    now = int(time.time() * 1000)
    entries = {"over": Entry("x", now - 1), "soon": Entry("x", now + 1_000), "late": Entry("x", now + 3_600_000)}
    rebuild(server.client, Replica(PREFIX), {"block": lambda: entries})
    copy = Copy()
    copy.follow()
    copy.begin(replace(config, redis_url=server.url), failures)
    until(lambda: copy.number)
    assert copy.get("block", "over") is None
    assert copy.get("block", "soon") == "x" or time.time() * 1000 >= now + 1_000
    server.kill()
    until(lambda: copy.get("block", "soon") is None)
    assert time.time() * 1000 >= now + 1_000
    assert copy.get("block", "late") == "x"
    copy.close()


def test_a_redis_that_lost_everything_in_a_restart_is_followed_again(
    tmp_path: Path, config: Config, failures: Failures
) -> None:
    server = PrivateRedis(tmp_path)
    project(server.client, a="B-001", b="B-002")
    copy = Copy()
    copy.follow()
    copy.begin(replace(config, redis_url=server.url), failures)
    until(lambda: copy.get("bug", "a"))
    epoch = copy.epoch
    server.kill()
    server.start()
    until(lambda: server.listening() == 1)
    assert copy.get("bug", "a") == "B-001"
    project(server.client, a="B-001", c="B-003")
    until(lambda: copy.get("bug", "c") == "B-003")
    assert copy.get("bug", "b") is None
    assert copy.epoch != epoch
    copy.close()
    server.kill()


def test_a_redis_that_was_flushed_under_it_wakes_it_with_the_next_epoch(copy: Copy, client: redis.Redis) -> None:
    project(client, a="B-001")
    until(lambda: copy.get("bug", "a"))
    client.flushall()
    project(client, a="B-002")
    until(lambda: copy.get("bug", "a") == "B-002", seconds=8)


def test_who_was_cut_off_while_the_log_went_on_beyond_its_length_reads_everything(
    copy: Copy, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(client, a="B-001")
    until(lambda: copy.get("bug", "a"))
    client.xtrim(Keys(PREFIX).log, maxlen=0)
    with monkeypatch.context() as patched:
        patched.setattr("monitoring.stream.projection.LOG_ENTRIES", 1)
        for number in range(5):
            project(client, b=str(number))
    until(lambda: copy.get("bug", "b") == "4")
    assert copy.get("bug", "a") is None


def test_a_child_begins_with_nothing_and_follows_by_itself(copy: Copy, config: Config, client: redis.Redis) -> None:
    project(client, a="B-001")
    until(lambda: copy.get("bug", "a"))
    os.register_at_fork(after_in_child=copy._begin_anew)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert (copy.get("bug", "a"), copy.number) == (None, 0)
            copy.begin(config, lambda: os._exit(2))
            until(lambda: copy.get("bug", "a") == "B-001")
            until(lambda: copy.get("bug", "late") == "B-002")
            copy.close()
            status = 0
        finally:
            os._exit(status)
    until(lambda: sum(one["cmd"] == "xread" for one in client.client_list()) == 2)
    project(client, a="B-001", late="B-002")
    until(lambda: copy.get("bug", "late") == "B-002")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_idle_it_asks_twice_each_ten_seconds(
    server: PrivateRedis, client: redis.Redis, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 2 / decisions._LISTEN_SECONDS <= 0.25
    project(client, a="B-001")
    monkeypatch.setattr(decisions, "_LISTEN_SECONDS", 0.1)
    waits: list[int] = []
    wait = Replica.wait

    def counted(self: Replica, asked: redis.Redis, seconds: float) -> bool:
        waits.append(server.commands())  # its own question is one more
        return wait(self, asked, seconds)

    monkeypatch.setattr(Replica, "wait", counted)
    copy = Copy()
    copy.follow()
    copy.begin(config, lambda: None)
    until(lambda: len(waits) >= 6)
    copy.close()
    # A heartbeat may come in between.
    assert mode(after - before for before, after in pairwise(waits)) == 3


def test_closing_wakes_it_at_once_and_leaves_no_connection(
    copy: Copy, server: PrivateRedis, client: redis.Redis
) -> None:
    project(client, a="B-001")
    until(lambda: copy.get("bug", "a") and server.listening() == 1)
    follower = copy._follower
    assert follower is not None
    copy.close()
    until(lambda: server.listening() == 0, seconds=8)
    follower._thread.end(8)
    assert not follower._thread._running.locked()
    assert copy.get("bug", "a") == "B-001"


def test_resetting_forgets_everything_and_does_not_wait(copy: Copy, config: Config, server: PrivateRedis) -> None:
    project(server.client, a="B-001")
    until(lambda: copy.get("bug", "a"))
    copy.reset()
    assert (copy.get("bug", "a"), copy.epoch) == (None, "")
    copy.begin(config, lambda: None)
    until(lambda: copy.get("bug", "a") == "B-001")
    until(lambda: server.listening() == 1)


def test_tens_of_thousands_of_decisions_are_read_in_slices_while_others_are_looked_up(
    config: Config, server: PrivateRedis, client: redis.Redis
) -> None:
    many = {f"shop:{number:016x}": Entry(f"B-{number:03}") for number in range(30_000)}
    rebuild(client, Replica(PREFIX), {"bug": lambda: many})
    late = Copy()
    late.follow()
    before = server.commands()
    late.begin(config, lambda: None)
    looked_up = 0
    while not late.number:
        assert late.get("bug", f"shop:{0:016x}") in {None, "B-000"}
        looked_up += 1
    assert looked_up > 100
    assert server.commands() - before >= 30_000 // decisions_per_slice()
    assert all(late.get("bug", key) == entry.value for key, entry in many.items())
    late.close()


def decisions_per_slice() -> int:
    from monitoring.stream import decisions as stored

    return stored._SLICE * 2  # Redis returns about as many as it is asked for


def test_trouble_of_its_own_is_counted_and_it_goes_on(
    config: Config, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(client, a="B-001")
    catch_up, troubles, counted = Replica.catch_up, iter([ValueError(), redis.ResponseError("unknown")]), Failures()

    def troubled(self: Replica, asked: redis.Redis) -> Any:
        if trouble := next(troubles, None):
            raise trouble
        return catch_up(self, asked)

    monkeypatch.setattr(Replica, "catch_up", troubled)
    monkeypatch.setattr(decisions, "_RETRY_SECONDS", 0.01)
    copy = Copy()
    copy.follow()
    copy.begin(config, counted)
    until(lambda: copy.get("bug", "a") == "B-001")
    assert counted == [1]
    copy.close()


def test_where_no_thread_is_to_be_had_it_is_tried_again_later(
    config: Config, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(client, a="B-001")
    copy, counted = Copy(), Failures()
    copy.follow()

    def refuse(self: NativeThread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(NativeThread, "start", refuse)
        copy.begin(config, counted)
    assert counted == [1]
    copy.begin(config, counted)
    until(lambda: copy.get("bug", "a") == "B-001")
    copy.close()


GEVENT = """
import gevent.monkey; gevent.monkey.patch_all()
import sys, time
from monitoring.conf import Config
from monitoring.recording.decisions import Copy

copy = Copy()
copy.follow()
copy.begin(Config(redis_url=sys.argv[1], stream_prefix=sys.argv[2]), lambda: None)
end = time.monotonic() + 20
while copy.get("bug", "a") != "B-001" and time.monotonic() < end:
    pass  # a greenlet that never yields
print(copy.get("bug", "a"), "django" in sys.modules, flush=True)
"""


def test_under_gevent_a_greenlet_that_never_yields_does_not_keep_it(server: PrivateRedis, client: redis.Redis) -> None:
    project(client, a="B-001")
    command = [sys.executable, "-c", GEVENT, server.url, PREFIX]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "B-001 False\n", "")


def test_a_process_that_answers_requests_follows_from_its_first_one(settings: Any, server: PrivateRedis) -> None:
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": server.url, "STREAM_PREFIX": PREFIX}
    project(server.client, a="B-001")
    assert decisions.copy.get("bug", "a") is None
    assert Client().get("/api/health/").status_code == 200
    until(lambda: decisions.copy.get("bug", "a") == "B-001")
    settings.MONITORING = {**settings.MONITORING, "STREAM_PREFIX": "other"}
    assert decisions.copy.get("bug", "a") is None
    until(lambda: server.listening() == 0, seconds=8)


def test_what_eager_mode_takes_over_is_what_was_wanted_and_no_more() -> None:
    copy = Copy()
    copy.take({"bug": {"a": Entry("B-001"), "b": Entry("B-002")}, "limit": {"x": Entry("5")}})
    copy.take({"bug": {"b": Entry("B-003")}})
    assert [copy.get("bug", "a"), copy.get("bug", "b"), copy.get("limit", "x")] == [None, "B-003", "5"]
    copy.close()
