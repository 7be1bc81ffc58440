"""The projection in Redis is what the database says, never older, and whoever follows it holds the same."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from hypothesis import settings, strategies
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.connection import AbstractConnection

from monitoring.stream.connection import connect
from monitoring.stream.decisions import LOG_ENTRIES, Entry, Keys, Kinds, Replica, UnsettledError, parse_head
from monitoring.stream.projection import Entries, rebuild

PREFIX = "decided"


@pytest.fixture
def client(redis_client: Any, redis_url: str) -> Iterator[redis.Redis]:
    made = connect(redis_url, 5.0, 8)
    yield made
    made.close()


def bugs(**values: str) -> dict[str, Entry]:
    return {key: Entry(value) for key, value in values.items()}


def put(client: redis.Redis, replica: Replica | None = None, **values: str) -> int:
    """Have a rebuilder project these bugs."""
    return rebuild(client, replica or Replica(PREFIX), {"bug": lambda: bugs(**values)})


def held(client: redis.Redis) -> Kinds:
    """What one who reads everything holds."""
    reader = Replica(PREFIX)
    reader.catch_up(client)
    return reader.kinds


def test_what_is_projected_is_read_by_those_who_start_and_by_those_who_follow(client: redis.Redis) -> None:
    follower = Replica(PREFIX)
    assert follower.catch_up(client) is None
    assert put(client, a="B-001", b="B-002") == 2
    assert follower.wait(client, 5)
    follower.catch_up(client)
    assert put(client, b="B-002", c="B-003") == 2
    assert follower.wait(client, 5)
    follower.catch_up(client)
    assert follower.kinds == held(client) == {"bug": bugs(b="B-002", c="B-003")}
    assert follower.head == parse_head(client.hget(Keys(PREFIX).state, "head"))


@pytest.mark.parametrize("value", ["", " ", "a b", '{"limit": 5}', "naïve ☃", "1 2", "\n"])
def test_values_and_keys_come_back_as_they_were(client: redis.Redis, value: str) -> None:
    wanted = {f"shop:{value}:x": Entry(value, 17), value: Entry(value, 0), "plain": Entry(value)}
    follower = Replica(PREFIX)
    rebuild(client, Replica(PREFIX), {"bug": dict})
    follower.catch_up(client)
    rebuild(client, Replica(PREFIX), {"bug": lambda: wanted})
    follower.catch_up(client)
    assert follower.kinds == held(client) == {"bug": wanted}


def test_numbers_are_consecutive_and_nothing_is_written_where_nothing_differs(client: redis.Redis) -> None:
    rebuilder = Replica(PREFIX)
    put(client, rebuilder, a="1")
    first = rebuilder.head
    assert first is not None
    for value in "2345":
        put(client, rebuilder, a=value)
    entries = client.xlen(Keys(PREFIX).log)
    assert put(client, rebuilder, a="5") == 0
    assert rebuilder.head is not None
    assert rebuilder.head.number == first.number + 4
    assert client.xlen(Keys(PREFIX).log) == entries == 5


def test_finding_that_nothing_differs_asks_redis_twice(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilder = Replica(PREFIX)
    put(client, rebuilder, a="1")
    sent: list[Any] = []
    send = AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda *asked, **options: (sent.append(1), send(*asked, **options))[1],
    )
    put(client, rebuilder, a="1")
    assert len(sent) == 2


def test_who_fell_behind_the_beginning_of_the_log_reads_everything(client: redis.Redis) -> None:
    rebuilder, follower = Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="0")
    follower.catch_up(client)
    for number in range(LOG_ENTRIES + 10):
        put(client, rebuilder, a=str(number), **{f"k{number % 7}": str(number)})
    assert client.xlen(Keys(PREFIX).log) == LOG_ENTRIES
    follower.catch_up(client)
    assert follower.kinds == rebuilder.kinds == held(client)
    assert follower.head == rebuilder.head


def test_a_flushed_redis_gets_everything_again_and_wakes_who_waits(client: redis.Redis) -> None:
    rebuilder, follower = Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="1", b="2")
    follower.catch_up(client)
    before = follower.head
    client.flushdb()
    assert follower.catch_up(client) is None
    assert follower.kinds == {"bug": bugs(a="1", b="2")}, "what is lost in Redis is served on"
    assert put(client, rebuilder, a="1", c="3") == 2
    assert follower.wait(client, 5)
    after = follower.catch_up(client)
    assert before is not None
    assert after is not None
    assert after.epoch != before.epoch
    assert follower.kinds == {"bug": bugs(a="1", c="3")}
    assert client.ttl(Keys(PREFIX).state) == -1


def test_a_failover_that_lost_the_last_changes_is_noticed_though_numbers_look_right(client: redis.Redis) -> None:
    keys, rebuilder, follower = Keys(PREFIX), Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="1")
    state, log = client.dump(keys.state), client.dump(keys.log)
    put(client, rebuilder, a="1", lost="x")
    follower.catch_up(client)
    client.restore(keys.state, 0, state, replace=True)
    client.restore(keys.log, 0, log, replace=True)
    other = Replica(PREFIX)
    put(client, other, a="2")
    put(client, other, a="3")
    assert other.head is not None
    assert follower.head is not None
    assert other.head.number > follower.head.number
    follower.catch_up(client)
    assert follower.kinds == {"bug": bugs(a="3")}
    assert put(client, rebuilder, a="3") == 0
    assert rebuilder.kinds == follower.kinds


@pytest.mark.parametrize("lost", ["state", "log"])
def test_half_of_it_may_be_lost(client: redis.Redis, lost: str) -> None:
    rebuilder, follower = Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="1")
    follower.catch_up(client)
    client.delete(getattr(Keys(PREFIX), lost))
    put(client, rebuilder, a="1", b="2")
    put(client, rebuilder, a="1", b="3")
    follower.catch_up(client)
    assert follower.kinds == held(client) == {"bug": bugs(a="1", b="3")}


@pytest.mark.parametrize("head", [b"", b"nonsense", b"abc 1-2", b"abc 1-2 x", b"abc \xd9\xa1-2 3"])
def test_a_head_that_is_none_begins_a_new_epoch(client: redis.Redis, head: bytes) -> None:
    client.hset(Keys(PREFIX).state, mapping={"head": head, "bug:old": " x"})
    assert put(client, a="1") == 1
    assert held(client) == {"bug": bugs(a="1")}


def test_what_others_wrote_into_our_keys_is_left_out(client: redis.Redis) -> None:
    rebuilder, follower = Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="1")
    follower.catch_up(client)
    assert rebuilder.head is not None
    last = rebuilder.head.last
    client.hset(Keys(PREFIX).state, mapping={"plain": "x", "bug:odd": "x", "bug:late": "soon x", b"bug:\xff": b" \xff"})
    client.xadd(Keys(PREFIX).log, {"previous": last, "deltas": "[1]"})
    follower.catch_up(client)
    assert follower.kinds == {"bug": bugs(a="1")}
    assert held(client)["bug"]["a"] == Entry("1")
    assert set(held(client)["bug"]) == {"a", "\N{REPLACEMENT CHARACTER}"}


def test_kinds_nobody_asked_for_are_left_alone(client: redis.Redis) -> None:
    rebuild(client, Replica(PREFIX), {"bug": lambda: bugs(a="1"), "limit": lambda: bugs(x="5")})
    rebuild(client, Replica(PREFIX), {"bug": dict})
    assert held(client) == {"limit": bugs(x="5")}


def broken() -> Entries:
    raise ValueError("no database")


def test_a_provider_that_fails_does_not_hold_back_the_others(client: redis.Redis) -> None:
    with pytest.raises(ValueError, match="no database"):
        rebuild(client, Replica(PREFIX), {"bug": broken, "limit": lambda: bugs(x="5")})
    assert held(client) == {}, "a new epoch is complete or none"
    rebuild(client, Replica(PREFIX), {"bug": lambda: bugs(a="1"), "limit": dict})
    with pytest.raises(ValueError, match="no database"):
        rebuild(client, Replica(PREFIX), {"bug": broken, "limit": lambda: bugs(x="5")})
    assert held(client) == {"bug": bugs(a="1"), "limit": bugs(x="5")}


def test_an_older_reading_is_not_written_over_a_newer_one(client: redis.Redis) -> None:
    """Also where the newer one found nothing to write: X, then Y, then X again, and who saw Y is late."""
    put(client, a="X")
    readings = iter(["Y", "X"])

    def slow() -> Entries:
        value = next(readings)
        if value == "Y":
            assert put(client, a="X") == 0
        return bugs(a=value)

    assert rebuild(client, Replica(PREFIX), {"bug": slow}) == 0
    assert held(client) == {"bug": bugs(a="X")}
    assert list(readings) == []


def test_who_finds_no_epoch_does_not_replace_one_that_began_meanwhile(client: redis.Redis) -> None:
    readings = iter(["old", "new"])

    def slow() -> Entries:
        value = next(readings)
        if value == "old":
            put(client, a="new")
        return bugs(a=value)

    rebuild(client, Replica(PREFIX), {"bug": slow})
    assert held(client) == {"bug": bugs(a="new")}
    assert sorted(client.keys()) == [b"decided:decisions", b"decided:decisions:log"]


def test_who_was_overtaken_twice_leaves_it_at_that(client: redis.Redis) -> None:
    put(client, a="0")
    readings: list[int] = []

    def slow() -> Entries:
        readings.append(1)
        put(client, a="newest")
        return bugs(a="newest", late="yes")

    assert rebuild(client, Replica(PREFIX), {"bug": slow}) == 0
    assert len(readings) == 2
    assert held(client) == {"bug": bugs(a="newest")}


def test_many_changes_go_in_parts_and_who_follows_need_not_start_over(client: redis.Redis) -> None:
    rebuilder, follower = Replica(PREFIX), Replica(PREFIX)
    put(client, rebuilder, a="1")
    follower.catch_up(client)
    first = follower.kinds
    many = {f"k{number}": Entry("v" * (number % 90)) for number in range(3_000)}
    assert rebuild(client, rebuilder, {"bug": lambda: many}) == 3_001
    follower.catch_up(client)
    assert follower.kinds is first
    assert follower.kinds == {"bug": many} == held(client)
    entries: Any = client.xrange(Keys(PREFIX).log)
    assert max(len(fields[b"deltas"]) for _, fields in entries) < 100_000


def test_what_changes_all_the_time_is_told(client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    put(client, a="1")
    reader = Replica(PREFIX)

    def flush(self: Replica, asked: redis.Redis) -> Kinds:
        client.flushdb()
        put(client, a="2")
        return {}

    monkeypatch.setattr(Replica, "_scan", flush)
    with pytest.raises(UnsettledError):
        reader.catch_up(client)
    assert reader.kinds == {}


# ---- races


@dataclass
class Database:
    """Rows with a version that grows with each commit."""

    version: int = 0
    rows: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def commit(self, key: str, value: str | None) -> None:
        with self.lock:
            self.version += 1
            self.rows.pop(key, None)
            if value is not None:
                self.rows[key] = value

    def read(self) -> dict[str, Entry]:
        with self.lock:
            return bugs(**self.rows) | {"version": Entry(str(self.version))}


def test_threads_that_change_and_project_at_once_leave_what_was_committed_last(client: redis.Redis) -> None:
    """A follower sees the database's versions in order, whole, and in the end the last one."""
    database, over, seen = Database(), threading.Event(), []
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)
                raise

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def change(number: int) -> None:
        replica, chance = Replica(PREFIX), random.Random(number)
        for _ in range(40):
            database.commit(chance.choice("abcdef"), chance.choice(["1", "2", None]))  # type: ignore[arg-type]
            rebuild(client, replica, {"bug": database.read})

    def watch() -> None:
        follower, old = Replica(PREFIX), 0
        while not over.is_set():
            follower.catch_up(client)
            version = int(follower.kinds.get("bug", {}).get("version", Entry("0")).value)
            assert version >= old
            old = version
            seen.append(version)

    watcher = guarded(watch)
    changers = [guarded(lambda number=number: change(number)) for number in range(4)]  # type: ignore[misc]
    for thread in changers:
        thread.join()
    over.set()
    watcher.join()
    assert failures == []
    assert held(client) == {"bug": database.read()}
    assert len(set(seen)) > 1


class Races(RuleBasedStateMachine):
    """Rebuilders that stop anywhere between reading and writing, changes, losses: newer rows win."""

    client: redis.Redis

    @initialize()
    def begin(self) -> None:
        self.client.flushdb()
        self.database = Database()
        self.rebuilders = [Replica(PREFIX) for _ in range(2)]
        self.follower = Replica(PREFIX)
        self.shown = 0

    @rule(key=strategies.sampled_from("ab"), value=strategies.sampled_from(["1", "2", None]))
    def change(self, key: str, value: str | None) -> None:
        self.database.commit(key, value)

    @rule(who=strategies.integers(0, 1))
    def project(self, who: int) -> None:
        rebuild(self.client, self.rebuilders[who], {"bug": self.database.read})
        self.is_current()

    @rule(who=strategies.integers(0, 1), key=strategies.sampled_from("ab"), changed=strategies.booleans())
    def project_while_another_does(self, who: int, key: str, changed: bool) -> None:
        """The other one begins after this one has read, sees a newer commit or none, and ends first."""
        nested = iter([True])

        def slow() -> Entries:
            rows = self.database.read()
            if next(nested, False):
                if changed:
                    self.database.commit(key, str(self.database.version))
                rebuild(self.client, self.rebuilders[1 - who], {"bug": self.database.read})
                self.is_current()
            return rows

        rebuild(self.client, self.rebuilders[who], {"bug": slow})
        self.is_current()

    @rule()
    def lose_everything(self) -> None:
        self.client.flushdb()

    @rule()
    def lose_the_log(self) -> None:
        self.client.delete(Keys(PREFIX).log)

    def is_current(self) -> None:
        assert held(self.client) == {"bug": self.database.read()}

    @precondition(lambda self: hasattr(self, "follower"))
    @invariant()
    def who_follows_never_goes_back(self) -> None:
        self.follower.catch_up(self.client)
        version = int(self.follower.kinds.get("bug", {}).get("version", Entry("0")).value)
        assert version >= self.shown
        self.shown = version


def test_newer_rows_win_whatever_happens_at_once(client: redis.Redis) -> None:
    machine = type("RacesHere", (Races,), {"client": client})
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=15, deadline=None))


def test_each_change_leaves_another_mark(client: redis.Redis) -> None:
    follower, marks = Replica(PREFIX), []
    assert follower.mark is None
    for value in "123":
        put(client, a=value)
        follower.catch_up(client)
        marks.append(follower.mark)
    follower.catch_up(client)
    assert len(set(map(id, marks))) == 3
    assert follower.mark is marks[-1]
