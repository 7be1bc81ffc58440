"""Batches that cannot be taken in are kept whole, hold nobody up, and are taken in again exactly once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.intake import commit, replay
from monitoring.intake import drain as draining
from monitoring.intake.commit import OvertakenError
from monitoring.intake.drain import drain
from monitoring.intake.models import DeadLetter
from monitoring.performance.models import SlowSample
from monitoring.recording import wire
from monitoring.storage.names import Name
from monitoring.stream import streams
from monitoring.stream.streams import FACTS
from tests.faults.batches import Source, arrived, operations, slow, waiting
from tests.faults.processes import ENDED, Thread, end, in_child
from tests.pipeline import client, counted, drain_all, intake

pytestmark = pytest.mark.usefixtures("redis_client", "database")


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Break the folding of every batch with the name `poison`; the returned function fixes it."""
    good = commit.CONSUMERS

    def consume(measures: Mapping[str, Any], facts: Mapping[str, Sequence[Any]], scope: Any) -> list[Any]:
        for columns in measures.values():
            if any(name == "poison" for _, name in columns.names):
                raise ZeroDivisionError("a bug of this release")
        return []

    monkeypatch.setattr(commit, "CONSUMERS", (consume, *good))
    return lambda: monkeypatch.setattr(commit, "CONSUMERS", good)


def _poisoned(count: int = 5) -> Source:
    source = Source()
    source.send(*operations(count, "poison"))
    return source


def test_a_poisoned_batch_among_good_ones_holds_none_of_them_up(bug: Callable[[], None]) -> None:
    good = Source()
    for number in range(20):
        good.send(*operations(2))
        if number in {0, 7, 19}:
            bad = _poisoned()
    drain_all()
    assert arrived() == 40
    assert counted("folded") == {"operation": 40}
    assert counted("refused") == {"operation": 15}
    assert counted("lost") == {}
    letters = DeadLetter.objects.filter(reason="refused")
    assert len(letters) == 3
    assert letters.get(producer=bad.id).error == "ZeroDivisionError: a bug of this release"
    assert waiting() == 0


def test_a_good_batch_of_the_same_producer_after_a_bad_one_counts(bug: Callable[[], None]) -> None:
    source = Source()
    source.send(*operations(2))
    source.send(*operations(3, "poison"))
    source.send(*operations(4))
    drain_all()
    assert arrived() == 6
    assert counted("refused") == {"operation": 3}
    assert counted("lost") == {}


def test_a_batch_whose_rows_the_database_refuses_becomes_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    def consume(measures: Mapping[str, Any], facts: Mapping[str, Sequence[Any]], scope: Any) -> list[Any]:
        refused = any(fact.values["name"] == "twice" for fact in facts.get("slow", ()))
        return [lambda: Name.objects.bulk_create([Name(kind="x", name="x")] * 2)] if refused else []

    monkeypatch.setattr(commit, "CONSUMERS", (consume, *commit.CONSUMERS))
    good, bad = Source(FACTS), Source(FACTS)
    good.send(slow("good"))
    bad.send(slow("twice"))
    good.send(slow("good"))
    drain_all()
    assert list(SlowSample.objects.values_list("name", flat=True)) == ["good", "good"]
    assert DeadLetter.objects.get().reason == "refused"
    assert counted("refused") == {"slow": 1}


def test_a_replay_before_the_fix_leaves_the_letter_and_counts_nothing(bug: Callable[[], None]) -> None:
    _poisoned()
    drain_all()
    letter = DeadLetter.objects.get()
    with pytest.raises(replay.ReplayError, match="a bug of this release"):
        replay.replay(letter, get_config())
    assert DeadLetter.objects.count() == 1
    assert counted("replayed") == {}


def test_a_replay_after_the_fix_counts_once(bug: Callable[[], None]) -> None:
    _poisoned()
    drain_all()
    letter = DeadLetter.objects.get()
    bug()
    assert replay.replay(letter, get_config()) == 5
    assert replay.replay(letter, get_config()) == 0
    assert arrived("poison") == 5
    assert counted("replayed") == {"operation": 5}
    assert not DeadLetter.objects.exists()


def test_a_resent_copy_of_a_replayed_batch_does_not_count_again(bug: Callable[[], None]) -> None:
    source = Source()
    fields = source.batch(*operations(5, "poison"))
    source.put(fields)
    drain_all()
    bug()
    source.put(fields)
    replay.replay(DeadLetter.objects.get(), get_config())
    drain_all()
    assert arrived("poison") == 5
    assert counted("folded") == {}


def test_two_replays_of_one_letter_at_once_count_once(bug: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    _poisoned()
    drain_all()
    letter = DeadLetter.objects.get()
    bug()
    bump, both = replay.bump, threading.Barrier(2)
    waited = threading.local()

    def bump_together(*arguments: Any) -> None:
        if not getattr(waited, "once", False):
            waited.once = True
            both.wait(20)
        bump(*arguments)

    # The barrier comes before the transaction: SQLite lets only one of them in at a time.
    read_version = replay.read_version

    def read_together(target: Any) -> int:
        version = read_version(target)
        if not getattr(waited, "once", False):
            waited.once = True
            both.wait(20)
        return version

    monkeypatch.setattr(replay, "read_version", read_together)
    threads = [Thread(lambda: replay.replay(letter, get_config())) for _ in range(2)]
    assert sorted(thread.result() for thread in threads) == [0, 5]  # type: ignore[type-var]
    assert arrived("poison") == 5
    assert counted("replayed") == {"operation": 5}


def test_a_replay_and_a_drain_at_once_count_each_event_once(
    bug: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _poisoned()
    drain_all()
    bug()
    Source().send(*operations(7, "poison"))
    read_version = replay.read_version
    drained = False

    def drain_in_between(target: Any) -> int:
        nonlocal drained
        version = read_version(target)
        if not drained:
            drained = True
            drain_all()
        return version

    monkeypatch.setattr(replay, "read_version", drain_in_between)
    assert replay.replay(DeadLetter.objects.get(), get_config()) == 5
    assert arrived("poison") == 12


@pytest.mark.parametrize("place", ["the fold", "the transaction", "the rows", "the end"])
def test_a_replay_that_ends_in_the_middle_leaves_the_letter_or_the_rows_never_both(
    place: str, bug: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _poisoned()
    drain_all()
    letter = DeadLetter.objects.get()
    bug()

    def replay_and_end() -> None:
        fold, bump = replay.fold, replay.bump
        if place == "the fold":
            monkeypatch.setattr(replay, "fold", lambda *arguments: end())
        if place == "the transaction":
            monkeypatch.setattr(replay, "bump", lambda *arguments: (bump(*arguments), end()))
        if place == "the rows":
            monkeypatch.setattr(replay, "fold", lambda *arguments: [*fold(*arguments), end])
        replay.replay(letter, get_config())
        end()

    assert in_child(replay_and_end) == ENDED
    over = place == "the end"
    assert DeadLetter.objects.exists() is not over
    assert arrived("poison") == (5 if over else 0)
    replay.replay(letter, get_config())
    assert arrived("poison") == 5
    assert counted("replayed") == {"operation": 5}
    assert not DeadLetter.objects.exists()


def test_an_entry_that_kills_whoever_opens_it_is_refused_after_four_deaths(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Source()
    killer = Source()
    killer.send(*operations(3, "killer"))
    for _ in range(10):
        good.send(*operations(2))
    assert _deaths_until_drained(killer.id, monkeypatch) == 4
    assert arrived() == 20
    assert DeadLetter.objects.get().reason == "deadly"
    assert counted("refused") == {"operation": 3}


def test_an_entry_that_kills_is_found_behind_many_good_ones_within_a_few_deaths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good, killer = Source(), Source()
    for _ in range(30):
        good.send(*operations(2))
    killer.send(*operations(3, "killer"))
    for _ in range(10):
        good.send(*operations(2))
    assert _deaths_until_drained(killer.id, monkeypatch) <= 6
    assert arrived() == 80
    assert DeadLetter.objects.get().producer == killer.id
    assert counted("lost") == {}


def test_two_entries_that_kill_are_both_found(monkeypatch: pytest.MonkeyPatch) -> None:
    good, killer = Source(), Source()
    for _ in range(3):
        good.send(*operations(2))
        killer.send(*operations(3, "killer"))
    assert _deaths_until_drained(killer.id, monkeypatch) <= 18
    assert arrived() == 6
    assert DeadLetter.objects.filter(reason="deadly", producer=killer.id).count() == 3


def _deaths_until_drained(killer: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Drain in processes that die when they open a batch of `killer`; return how many did."""
    read_payload = wire.read_payload

    def open_or_die(head: wire.Head, fields: Any) -> wire.Payload | None:
        if head.producer == killer:
            end()
        return read_payload(head, fields)

    monkeypatch.setattr(wire, "read_payload", open_or_die)
    monkeypatch.setattr(draining, "_SURE_SECONDS", 0.01)
    deaths = 0
    while waiting():
        deaths += in_child(drain_all) == ENDED
        assert deaths < 100, "it dies and dies"
    monkeypatch.undo()
    return deaths


def test_who_is_alive_and_has_an_entry_in_hand_is_not_counted_among_the_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    Source().send(*operations(3))
    target = intake()
    (entry,) = streams.read(client(), target.stream, 1, 10**6)
    draining._remember(client(), target, draining.Attempt(entry.id, 4, 1))

    def others_finish(_seconds: float) -> None:
        draining._remember(client(), target, draining.Attempt())

    monkeypatch.setattr(draining.time, "sleep", others_finish)
    assert draining.drain(target, client()) == 0
    assert not DeadLetter.objects.exists()
    monkeypatch.undo()
    drain_all()
    assert arrived() == 3


def test_who_is_overtaken_takes_back_no_more_than_its_own_death() -> None:
    Source().send(*operations(3))
    target = intake()
    (entry,) = streams.read(client(), target.stream, 1, 10**6)
    mine = draining.Attempt(entry.id, 0, 1)

    def overtaken(attempt: draining.Attempt, meanwhile: Callable[[], None] = lambda: None) -> None:
        with contextlib.suppress(OvertakenError), draining._attempting(target, client(), attempt):
            meanwhile()
            raise OvertakenError

    overtaken(mine, lambda: overtaken(draining._remembered(client(), target)))
    assert draining._remembered(client(), target).deaths == 0


def test_a_drain_that_fails_without_dying_is_no_reason_to_suspect_its_entries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from django.db import OperationalError

    Source().send(*operations(3))

    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(commit, "read_version", away)
        for _ in range(10):
            with pytest.raises(OperationalError):
                drain(intake(), client())
    drain_all()
    assert arrived() == 3
    assert not DeadLetter.objects.exists()


def test_a_batch_of_a_later_wire_version_waits_as_a_letter_and_is_replayed_after_the_upgrade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tasks.intake import replay_upgraded

    source = Source()
    source.send(*operations(2))
    source.put({**source.batch(*operations(5)), "v": str(wire.VERSION + 1)})
    source.send(*operations(3))
    drain_all()
    letter = DeadLetter.objects.get()
    assert (letter.reason, letter.version) == ("newer", wire.VERSION + 1)
    assert arrived() == 5
    assert counted("refused") == {"operation": 5}
    replay_upgraded()
    assert DeadLetter.objects.count() == 1
    monkeypatch.setattr(wire, "VERSION", wire.VERSION + 1)
    replay_upgraded()
    replay_upgraded()
    assert arrived() == 10
    assert counted("replayed") == {"operation": 5}
    assert not DeadLetter.objects.exists()


def test_one_letter_that_stays_unreadable_does_not_keep_the_others_from_their_upgrade(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tasks.intake import replay_upgraded

    first, second = Source(), Source()
    first.put({**first.batch(*operations(5)), "v": str(wire.VERSION + 1), "d": b"garbage"})
    second.put({**second.batch(*operations(7)), "v": str(wire.VERSION + 1)})
    drain_all()
    monkeypatch.setattr(wire, "VERSION", wire.VERSION + 1)
    replay_upgraded()
    assert arrived() == 7
    assert DeadLetter.objects.get().producer == first.id
