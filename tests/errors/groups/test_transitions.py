from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs.models import BugStatus, KnownBug
from monitoring.errors.groups.expiry import end_expired
from monitoring.errors.groups.models import EntryKind, ErrorGroup, GroupEntry, GroupStatus
from monitoring.errors.groups.transitions import Touched, settle

from .making import at, group, occur, scope

pytestmark = pytest.mark.django_db


def decide(one: ErrorGroup, status: GroupStatus, **values: Any) -> None:
    ErrorGroup.objects.filter(pk=one.pk).update(status=status, **{"status_at": at(0), **values})


def resolve(one: ErrorGroup) -> None:
    decide(one, GroupStatus.RESOLVED, resolved_at=at(0))


def status(one: ErrorGroup) -> str:
    return ErrorGroup.objects.get(pk=one.pk).status


def told(one: ErrorGroup) -> list[str]:
    return list(one.entries.order_by("id").values_list("kind", flat=True))


def test_what_was_resolved_and_occurs_again_has_regressed() -> None:
    one, other = group(), group()
    resolve(one)
    resolve(other)

    settle([occur(one, [1, 2], "1.0"), occur(other, [-1])], scope(3))

    assert (status(one), status(other)) == (GroupStatus.REGRESSED, GroupStatus.RESOLVED)
    entry = one.entries.get()
    assert (entry.kind, entry.who, entry.at, entry.detail) == ("regressed", "Enginel", at(3), {"releases": ["1.0"]})
    assert told(other) == []


def test_it_regresses_once() -> None:
    one = group()
    resolve(one)

    settle([occur(one, [1])], scope(3))
    settle([occur(one, [4])], scope(5))

    assert told(one) == [EntryKind.REGRESSED]


def test_an_occurrence_of_a_member_makes_its_root_regress() -> None:
    root = group()
    members = [group(merged_into=root) for _ in range(2)]
    resolve(root)

    settle([occur(members[0], [-5]), occur(members[1], [1], "2.0")], scope(3))

    assert status(root) == GroupStatus.REGRESSED
    assert [status(member) for member in members] == [GroupStatus.UNRESOLVED] * 2
    assert root.entries.get().detail == {"releases": ["2.0"]}


def test_a_release_regresses_what_was_resolved_in_it_or_before() -> None:
    occur(group(), [-30], "1.0")
    occur(group(), [5], "2.0")
    fixed, in_next, service = group(), group(), {"service": "other"}
    elsewhere = group(**service)
    decide(fixed, GroupStatus.RESOLVED_IN_RELEASE, resolved_at=at(0), resolved_release="2.0")
    decide(in_next, GroupStatus.RESOLVED_IN_RELEASE, resolved_at=at(0))
    decide(elsewhere, GroupStatus.RESOLVED_IN_RELEASE, resolved_at=at(0), resolved_release="2.0")

    settle([occur(fixed, [7], "1.0"), occur(in_next, [7], "1.0"), occur(elsewhere, [7], "1.0")], scope(8))
    assert {status(one) for one in (fixed, in_next, elsewhere)} == {GroupStatus.RESOLVED_IN_RELEASE}

    settle([occur(fixed, [9], "3.0"), occur(in_next, [9], "2.0"), occur(elsewhere, [9], "3.0")], scope(10))
    assert (status(fixed), status(in_next)) == (GroupStatus.REGRESSED, GroupStatus.REGRESSED)
    assert status(elsewhere) == GroupStatus.RESOLVED_IN_RELEASE  # that service never saw 2.0


def test_ignoring_ends_with_the_time() -> None:
    one = group()
    decide(one, GroupStatus.IGNORED, ignored_until=at(5))

    settle([occur(one, [4])], scope(4))
    assert status(one) == GroupStatus.IGNORED

    settle([occur(one, [6])], scope(6))
    assert (status(one), told(one)) == (GroupStatus.UNRESOLVED, [EntryKind.IGNORE_ENDED])
    assert ErrorGroup.objects.get(pk=one.pk).ignored_until is None


def test_ignoring_ends_with_the_count_of_the_group_and_its_members() -> None:
    root = group()
    member = group(merged_into=root)
    decide(root, GroupStatus.IGNORED, ignored_count=6)

    settle([occur(root, [1]), occur(member, [1, 2])], scope(3))
    assert status(root) == GroupStatus.IGNORED

    settle([occur(member, [4])], scope(5))
    assert status(root) == GroupStatus.UNRESOLVED


def test_ignoring_ends_with_the_rate_of_the_group_and_its_members() -> None:
    root = group()
    member, other = group(merged_into=root), group()
    decide(root, GroupStatus.IGNORED, ignored_rate=4, ignored_rate_minutes=10)
    occur(root, [-3, -2, -1])  # before it was ignored

    settle([occur(root, [1]), occur(member, [2, 3]), occur(other, [3] * 5)], scope(4))
    settle([occur(member, [12.5])], scope(13))
    assert status(root) == GroupStatus.IGNORED

    settle([occur(root, [14, 15]), occur(member, [16])], scope(17))
    assert (status(root), told(root)) == (GroupStatus.UNRESOLVED, [EntryKind.IGNORE_ENDED])


def test_a_rate_is_that_of_the_time_in_which_errors_occurred_however_late_they_come_in() -> None:
    one = group()
    decide(one, GroupStatus.IGNORED, ignored_rate=3, ignored_rate_minutes=10)
    occur(one, [100, 130])

    settle([occur(one, [70])], scope(140))

    assert status(one) == GroupStatus.IGNORED


def test_what_is_ignored_for_good_stays_so() -> None:
    one = group()
    decide(one, GroupStatus.IGNORED)

    settle([occur(one, range(1, 100))], scope(200))

    assert (status(one), told(one)) == (GroupStatus.IGNORED, [])


def test_a_status_that_changed_since_it_was_judged_stays() -> None:
    one = group()
    resolve(one)
    touched = occur(one, [1])
    again = False

    def interfere(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        nonlocal again
        result = execute(sql, params, many, context)
        if not again and "resolved_release" in sql and sql.startswith("SELECT"):
            again = True
            ErrorGroup.objects.filter(pk=one.pk).update(resolved_at=at(2), status_at=at(2))
        return result

    with connection.execute_wrapper(interfere):
        settle([touched], scope(3))

    assert again
    assert (status(one), told(one)) == (GroupStatus.RESOLVED, [])


def test_a_bug_that_was_resolved_is_open_again_when_its_group_regresses() -> None:
    one = group()
    bug = KnownBug.objects.create(
        bug_id="B-001", group=one, title="no", fingerprint="f", status=BugStatus.RESOLVED, regressions=0
    )
    resolve(one)

    settle([occur(one, [1])], scope(3))

    bug.refresh_from_db()
    assert (bug.status, bug.regressions) == (BugStatus.OPEN, 1)


def test_a_member_of_a_root_that_nothing_is_decided_about_changes_nothing() -> None:
    root = group()
    member = group(merged_into=root)
    resolve(member)  # what was decided about it before it was merged

    settle([occur(member, [1])], scope(3))

    assert (status(root), status(member), told(root)) == (GroupStatus.UNRESOLVED, GroupStatus.RESOLVED, [])


def test_nothing_is_asked_about_groups_that_are_new() -> None:
    new = Touched(group().pk, True, 0, frozenset())

    with CaptureQueriesContext(connection) as queries:
        settle([new], scope())
        settle([], scope())

    assert len(queries) == 0


def test_what_it_costs_does_not_grow_with_the_batch() -> None:
    def cost(number: int) -> int:
        touched: list[Touched] = []
        for position in range(number):
            plain, done, in_release, counted, rated = (group() for _ in range(5))
            root = group()
            member = group(merged_into=root)
            resolve(done)
            resolve(root)
            decide(in_release, GroupStatus.RESOLVED_IN_RELEASE, resolved_at=at(0), resolved_release=f"1.{position}")
            decide(counted, GroupStatus.IGNORED, ignored_count=2)
            decide(rated, GroupStatus.IGNORED, ignored_rate=1, ignored_rate_minutes=5)
            touched += [occur(one, [1], f"1.{position}") for one in (plain, done, in_release, counted, rated, member)]
        with CaptureQueriesContext(connection) as queries:
            settle(touched, scope(3))
        assert not ErrorGroup.objects.filter(status__in=["resolved", "resolved_in_release", "ignored"]).exists()
        return len(queries)

    assert cost(1) == cost(5) <= 15


def test_beat_ends_what_was_ignored_until_now() -> None:
    due, later, forever, member = group(), group(), group(), group(merged_into=group())
    decide(due, GroupStatus.IGNORED, ignored_until=at(5), ignored_count=10)
    decide(later, GroupStatus.IGNORED, ignored_until=at(6))
    decide(forever, GroupStatus.IGNORED)
    decide(member, GroupStatus.IGNORED, ignored_until=at(5))

    assert end_expired(at(5)) == 1
    assert end_expired(at(5)) == 0
    assert [status(one) for one in (due, later, forever, member)] == ["unresolved", "ignored", "ignored", "ignored"]
    assert GroupEntry.objects.get().detail == {}
    assert ErrorGroup.objects.get(pk=due.pk).ignored_count is None


def test_touched_groups_that_are_gone_are_passed_over() -> None:
    settle([replace(occur(group(), [1]), group_id=10**9)], scope())

    assert not GroupEntry.objects.exists()
