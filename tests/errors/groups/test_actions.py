from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import BugStatus, KnownBug
from monitoring.errors.groups import actions
from monitoring.errors.groups.actions import Ignoring
from monitoring.errors.groups.locking import RefusedError, UnknownGroupError
from monitoring.errors.groups.models import ErrorGroup, GroupEntry, GroupStatus
from monitoring.errors.groups.transitions import settle
from tests.faults.conftest import database
from tests.faults.processes import Thread

from .making import at, group, occur, scope

__all__ = ["database"]


@pytest.fixture
def anna(db: None) -> Any:
    return get_user_model().objects.create_user("anna")


def fresh(one: ErrorGroup) -> ErrorGroup:
    return ErrorGroup.objects.get(pk=one.pk)


def told(one: ErrorGroup) -> list[tuple[str, str, Any]]:
    return [(entry.kind, entry.who, entry.detail) for entry in one.entries.order_by("id")]


def bug_of(one: ErrorGroup, status: BugStatus = BugStatus.OPEN) -> KnownBug:
    number = KnownBug.objects.count() + 1
    return KnownBug.objects.create(
        bug_id=f"B-{number:03}", group=one, title="no", fingerprint=f"f{number}", status=status
    )


def test_resolving_is_written_down_once_with_who_did_it(anna: Any) -> None:
    one = group()

    assert actions.resolve([one.pk], anna) == [one.pk]
    since = fresh(one).resolved_at
    assert actions.resolve([one.pk], None) == []

    assert (fresh(one).status, fresh(one).resolved_at) == (GroupStatus.RESOLVED, since)
    assert told(one) == [("resolved", "anna", {})]


def test_a_history_outlives_its_people(anna: Any) -> None:
    one = group()
    actions.resolve([one.pk], anna)
    anna.delete()

    entry = one.entries.get()
    assert (entry.user, entry.who) == (None, "anna")


@pytest.mark.django_db
def test_a_bug_follows_its_group() -> None:
    one = group()
    bug = bug_of(one)

    actions.resolve([one.pk], None)
    bug.refresh_from_db()
    assert bug.status == BugStatus.RESOLVED

    actions.unresolve([one.pk], None)
    bug.refresh_from_db()
    assert bug.status == BugStatus.OPEN


@pytest.mark.django_db
def test_resolving_in_a_release_or_in_the_next_one() -> None:
    one, other = group(), group()
    occur(one, [0], "1.0")

    actions.resolve_in_release([one.pk], "1.1", None)
    actions.resolve_in_release([other.pk], "", None)

    assert actions.resolve_in_release([one.pk], "1.1", None) == []
    assert (fresh(one).status, fresh(one).resolved_release) == ("resolved_in_release", "1.1")
    assert (fresh(other).status, fresh(other).resolved_release) == ("resolved_in_release", "")
    assert told(one) == [("resolved", "Enginel", {"release": "1.1"})]
    assert told(other) == [("resolved", "Enginel", {"in_next_release": True})]


@pytest.mark.django_db
def test_there_is_no_next_release_where_none_is_told() -> None:
    one = group()
    occur(one, [0], "")

    with pytest.raises(RefusedError, match="set RELEASE"):
        actions.resolve_in_release([one.pk], "", None)
    assert told(one) == []


@pytest.mark.django_db
def test_a_new_decision_replaces_all_of_the_one_before() -> None:
    one = group()
    actions.ignore([one.pk], Ignoring(at(9), 5, 10, 60), None)
    actions.resolve([one.pk], None)

    found = fresh(one)
    assert found.ignored_until is found.ignored_count is found.ignored_rate is found.ignored_rate_minutes is None

    actions.unresolve([one.pk], None)
    assert (fresh(one).status, fresh(one).resolved_at) == (GroupStatus.UNRESOLVED, None)
    assert actions.unresolve([one.pk], None) == []


@pytest.mark.django_db
def test_ignoring_for_so_many_more_counts_from_what_the_group_and_its_members_have() -> None:
    one = group(count=10)
    group(count=5, merged_into=one)

    actions.ignore([one.pk], Ignoring(count=3), None)

    assert fresh(one).ignored_count == 18
    assert actions.ignore([one.pk], Ignoring(count=3), None) == []
    assert told(one) == [("ignored", "Enginel", {"count": 3})]


@pytest.mark.django_db
def test_what_is_ignored_until_a_rate_waits_for_it_from_now_on() -> None:
    one = group()
    actions.ignore([one.pk], Ignoring(until=at(9), rate=10, minutes=60), None)

    found = fresh(one)
    assert (found.ignored_rate, found.ignored_rate_minutes, found.ignored_until) == (10, 60, at(9))
    assert told(one)[0][2] == {"until": at(9).isoformat(), "rate": 10, "minutes": 60}


def test_assigning_is_written_down_once(anna: Any) -> None:
    one = group()

    assert actions.assign([one.pk], anna, None) == [one.pk]
    assert actions.assign([one.pk], anna, None) == []
    assert actions.assign([one.pk], None, anna) == [one.pk]

    assert fresh(one).assignee is None
    assert told(one) == [("assigned", "Enginel", {"assignee": "anna"}), ("assigned", "anna", {"assignee": ""})]


def test_a_comment_that_is_sent_again_is_written_once(anna: Any) -> None:
    one = group()

    first = actions.comment(one.pk, "It is the cache.", anna)
    assert actions.comment(one.pk, "It is the cache.", anna) == first
    actions.comment(one.pk, "It is the cache.", None)
    actions.comment(one.pk, "x" * 20_000, anna)

    assert [len(detail["text"]) for _kind, _who, detail in told(one)] == [16, 16, 10_000]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "decide",
    [
        lambda pks: actions.resolve(pks, None),
        lambda pks: actions.unresolve(pks, None),
        lambda pks: actions.ignore(pks, Ignoring(), None),
        lambda pks: actions.assign(pks, None, None),
        lambda pks: actions.comment(pks[-1], "no", None),
    ],
)
def test_nothing_is_decided_about_members_and_groups_that_are_not_there(decide: Callable[[list[int]], Any]) -> None:
    root = group()
    member = group(merged_into=root)

    with pytest.raises(RefusedError, match=f"Group {member.pk} is merged into group {root.pk}"):
        decide([root.pk, member.pk])
    with pytest.raises(UnknownGroupError):
        decide([root.pk, 10**9])
    assert not GroupEntry.objects.exists()


@pytest.mark.django_db
def test_deciding_about_many_costs_no_more_than_about_one() -> None:
    def cost(number: int) -> int:
        pks = [group().pk for _ in range(number)]
        with CaptureQueriesContext(connection) as queries:
            assert actions.resolve(pks, None) == pks
        return len(queries)

    assert cost(1) == cost(20)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("turn", range(4))
def test_a_regression_that_is_counted_while_somebody_resolves_comes_before_or_after(turn: int) -> None:
    one = group()
    bug_of(one)
    actions.resolve([one.pk], None)
    touched = occur(one, [10**6])
    together = threading.Barrier(2)

    def drain() -> None:
        together.wait(30)
        with transaction.atomic():
            ErrorGroup.objects.filter(pk=one.pk).update(count=2)
            settle([touched], scope(10**6))

    def decide() -> None:
        together.wait(30)
        actions.unresolve([one.pk], None)
        actions.resolve([one.pk], None)

    for thread in [Thread(drain), Thread(decide)] if turn % 2 else [Thread(decide), Thread(drain)]:
        thread.result()

    # The status, the last entry of the history and the bug always tell the same.
    found, last = fresh(one), one.entries.order_by("-id")[0].kind
    assert (found.status, last) in {("resolved", "resolved"), ("regressed", "regressed")}
    assert (KnownBug.objects.get(group=one).status == BugStatus.RESOLVED) is (found.status == "resolved")
