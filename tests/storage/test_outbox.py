"""What is to be sent: one holder at a time, and whatever happens to that one, it is sent or given up, and seen."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from monitoring.protection.notices.models import Notice, NoticeKind
from monitoring.storage import outbox
from tests.faults.conftest import database
from tests.faults.processes import ENDED, Thread, end, in_child

__all__ = ["database"]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def make(number: int = 1, **values: Any) -> None:
    for n in range(number):
        Notice.objects.create(kind=NoticeKind.BLOCK, subject=f"192.0.2.{n}", **{"next_at": NOW, **values})


def claim(now: datetime = NOW, limit: int = 10, seconds: float = 30) -> list[Notice]:
    return outbox.claim(Notice.objects.all(), limit, seconds, now)


def only() -> Notice:
    return Notice.objects.get()


@pytest.mark.django_db
def test_those_that_wait_longest_are_taken_first_and_never_more_than_wanted() -> None:
    make(next_at=NOW - SECOND)
    make(2, next_at=NOW)
    make(next_at=NOW - 2 * SECOND)
    make(next_at=NOW + SECOND)
    assert [row.next_at for row in claim(limit=2)] == [NOW - 2 * SECOND, NOW - SECOND]
    assert [row.attempts for row in claim()] == [1, 1]
    assert claim() == []


@pytest.mark.django_db
def test_only_rows_of_the_query_are_taken() -> None:
    make(2)
    (row,) = outbox.claim(Notice.objects.filter(subject="192.0.2.1"), 10, 30, NOW)
    assert row.subject == "192.0.2.1"


@pytest.mark.django_db
def test_looking_for_work_where_there_is_none_is_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert claim() == []


@pytest.mark.django_db
def test_what_was_sent_long_ago_is_not_looked_through() -> None:
    plan = outbox.due(Notice.objects.all(), NOW).order_by().explain()
    assert "monitoring_notice_open" in plan or connection.vendor == "postgresql"  # which asks how many rows there are


@pytest.mark.django_db
def test_what_is_sent_is_never_taken_again() -> None:
    make()
    (row,) = claim()
    assert outbox.sent(row, NOW)
    assert claim(NOW + HOUR) == []
    assert (only().state, only().settled, only().lease, only().leased_until) == ("sent", NOW, None, None)
    assert not outbox.sent(row)
    assert not outbox.failed(row, "too late")


@pytest.mark.django_db
def test_a_lease_that_expired_is_taken_over_with_the_same_key_and_its_first_holder_changes_nothing() -> None:
    make()
    (first,) = claim(seconds=30)
    assert claim(NOW + 29 * SECOND) == []
    (second,) = claim(NOW + 30 * SECOND)
    assert second.idempotency_key == first.idempotency_key
    assert second.attempts == 2
    for settle in (outbox.sent, lambda row: outbox.failed(row, "no"), lambda row: outbox.refuse(row, "no")):
        assert not settle(first)
    assert only().state == "sending"
    assert outbox.sent(second)


@pytest.mark.django_db
def test_a_failure_waits_longer_each_time_and_after_the_last_attempt_it_is_given_up_with_its_reason() -> None:
    make()
    now, most = NOW, []
    for attempt in range(1, Notice.max_attempts + 1):
        (row,) = claim(now)
        assert row.attempts == attempt
        assert outbox.failed(row, "It answers 503.", now=now)
        most.append((only().next_at - now).total_seconds())
        now += HOUR
    assert all(0 <= waited <= min(5 * 2**n, 1800) for n, waited in enumerate(most[:-1]))
    assert (only().state, only().last_error, only().settled) == ("dead", "It answers 503.", now - HOUR)
    assert claim(now + HOUR) == []


def test_waits_are_spread_over_their_whole_length() -> None:
    row = Notice(attempts=4)
    waits = [outbox.wait(row) for _ in range(2_000)]
    assert min(waits) < 4
    assert 36 < max(waits) <= 40
    assert 18 < sum(waits) / len(waits) < 22


def test_no_number_of_attempts_makes_a_wait_longer_than_the_longest() -> None:
    assert outbox.wait(Notice(attempts=10**6)) <= Notice.most_wait


@pytest.mark.parametrize(("asked", "least", "most"), [(60, 60, 66), (0, 0, 0), (-5, 0, 0), (1e9, 86_400, 95_040)])
def test_a_receiver_is_left_alone_for_as_long_as_it_asks_but_not_for_ever(asked: float, least: int, most: int) -> None:
    assert least <= outbox.wait(Notice(attempts=1), asked) <= most


@pytest.mark.django_db
def test_what_will_never_be_taken_is_given_up_at_once_until_a_person_says_otherwise() -> None:
    make()
    (row,) = claim()
    assert outbox.refuse(row, "x" * 1_000)
    assert (only().state, len(only().last_error)) == ("dead", 500)
    assert outbox.retry(only(), NOW)
    assert not outbox.retry(only(), NOW)
    (again,) = claim()
    assert (again.attempts, again.settled, again.idempotency_key) == (1, None, row.idempotency_key)


@pytest.mark.django_db
def test_what_need_not_be_sent_any_more_is_dropped_with_the_reason_and_stays_so() -> None:
    make()
    (row,) = claim()
    assert outbox.drop(row, "It was resolved before.")
    assert (only().state, only().last_error) == ("dropped", "It was resolved before.")
    assert not outbox.retry(only())
    assert claim(NOW + HOUR) == []


@pytest.mark.django_db
def test_a_row_that_ends_whoever_sends_it_is_given_up_after_as_many_attempts_as_any_other() -> None:
    make()
    now = NOW
    for _ in range(Notice.max_attempts):
        assert len(claim(now)) == 1
        now += HOUR
    assert claim(now) == []
    assert (only().state, only().settled) == ("dead", now)
    assert "the process was gone each time" in only().last_error


@pytest.mark.usefixtures("database")
def test_of_many_who_claim_at_once_exactly_one_gets_each() -> None:
    make(30)
    together = threading.Barrier(4)

    def take() -> list[int]:
        together.wait(30)
        taken: list[int] = []
        while rows := claim(limit=3):
            taken += [row.pk for row in rows]
        return taken

    takers = [Thread(take) for _ in range(4)]
    counts = Counter(pk for taker in takers for pk in taker.result())  # type: ignore[attr-defined]
    assert len(counts) == 30
    assert set(counts.values()) == {1}
    assert set(Notice.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.usefixtures("database")
def test_a_process_that_ends_between_claim_and_settle_leaves_it_to_the_next_one() -> None:
    make()

    def die_holding_it() -> None:
        assert len(claim()) == 1
        end()

    assert in_child(die_holding_it) == ENDED
    assert claim(NOW + 29 * SECOND) == []
    (row,) = claim(NOW + 30 * SECOND)
    assert outbox.sent(row)


@pytest.mark.usefixtures("database")
def test_a_lease_is_not_taken_within_a_transaction_that_could_take_it_back() -> None:
    make()
    with transaction.atomic(), pytest.raises(RuntimeError):
        claim()


class Life(RuleBasedStateMachine):
    """One row, several workers, and a clock; what each step may do is told by a plain model of it."""

    def __init__(self) -> None:
        super().__init__()
        Notice.objects.all().delete()
        make()
        self.now, self.holders = NOW, list[Notice]()
        self.key = only().idempotency_key

    @property
    def held(self) -> Notice | None:
        """Whoever holds it: the last one to take it, unless it was settled since."""
        return self.holders[-1] if self.holders and only().state == "sending" else None

    @rule(seconds=strategies.sampled_from([1, 29, 31, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def somebody_claims(self) -> None:
        before = only()
        expired = before.leased_until is not None and before.leased_until <= self.now
        free = (before.state == "pending" and before.next_at <= self.now) or (before.state == "sending" and expired)
        spent = before.state == "sending" and before.attempts >= Notice.max_attempts
        got = claim(self.now)
        assert len(got) == (1 if free and not spent else 0)
        self.holders += got

    @precondition(lambda self: self.holders)
    @rule(data=strategies.data(), how=strategies.sampled_from(["sent", "failed", "refused", "dropped"]))
    def somebody_settles(self, data: Any, how: str) -> None:
        one = data.draw(strategies.sampled_from(self.holders))
        held, before = self.held, only()
        done = {
            "sent": lambda: outbox.sent(one, self.now),
            "failed": lambda: outbox.failed(one, "no", now=self.now),
            "refused": lambda: outbox.refuse(one, "no", self.now),
            "dropped": lambda: outbox.drop(one, "no", self.now),
        }[how]()
        assert done == (held is not None and one.lease == held.lease)
        if not done:
            assert only().state == before.state
            return
        failed = "dead" if one.attempts >= Notice.max_attempts else "pending"
        assert only().state == {"sent": "sent", "failed": failed, "refused": "dead", "dropped": "dropped"}[how]

    @rule()
    def a_person_retries(self) -> None:
        dead = only().state == "dead"
        assert outbox.retry(only(), self.now) == dead

    @invariant()
    def it_is_whole(self) -> None:
        row = only()
        assert row.idempotency_key == self.key
        assert row.attempts <= Notice.max_attempts
        assert (row.lease is not None) == (row.leased_until is not None) == (row.state == "sending")
        assert (row.settled is not None) == (row.state in ("sent", "dead", "dropped"))


@pytest.mark.django_db
def test_whatever_workers_and_people_do_in_whatever_order_it_stays_whole() -> None:
    run_state_machine_as_test(Life, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))
