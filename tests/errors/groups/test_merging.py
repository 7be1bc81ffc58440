from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, connection, transaction

from monitoring.errors.bugs.models import BugStatus, KnownBug
from monitoring.errors.groups import actions, locking, merging
from monitoring.errors.groups.actions import Ignoring
from monitoring.errors.groups.locking import RefusedError, UnknownGroupError
from monitoring.errors.groups.models import ErrorGroup, GroupHour, GroupStatus
from tests.faults.conftest import database
from tests.faults.processes import Thread

from .making import group, meet, occur

__all__ = ["database"]


def fresh(one: ErrorGroup) -> ErrorGroup:
    return ErrorGroup.objects.get(pk=one.pk)


def told(one: ErrorGroup) -> list[tuple[str, Any]]:
    return [(entry.kind, entry.detail) for entry in one.entries.order_by("id")]


@pytest.mark.django_db
def test_merging_is_written_down_on_both_sides_and_once() -> None:
    anna = get_user_model().objects.create_user("anna")
    root, one, other = group(), group(), group()

    assert merging.merge(root.pk, [one.pk, other.pk], anna) == root.pk
    assert merging.merge(root.pk, [one.pk, root.pk], anna) == root.pk

    assert {fresh(one).merged_into_id, fresh(other).merged_into_id} == {root.pk}
    assert told(root) == [("merged", {"groups": [one.pk, other.pk]})]
    assert told(one) == [("merged", {"into": root.pk})]
    assert root.entries.get().who == "anna"


@pytest.mark.django_db
def test_a_root_takes_its_members_along() -> None:
    root, middle, leaf = group(), group(), group()
    merging.merge(middle.pk, [leaf.pk], None)

    merging.merge(root.pk, [middle.pk], None)

    assert {fresh(middle).merged_into_id, fresh(leaf).merged_into_id} == {root.pk}


@pytest.mark.django_db
def test_merging_into_a_member_merges_into_its_root() -> None:
    root, member, new = group(), group(), group()
    merging.merge(root.pk, [member.pk], None)

    assert merging.merge(member.pk, [new.pk], None) == root.pk
    assert merging.merge(member.pk, [root.pk], None) == root.pk  # the other way round, it is the same

    assert fresh(new).merged_into_id == root.pk
    assert fresh(root).merged_into_id is None


@pytest.mark.django_db
def test_what_cannot_be_merged_is_refused_as_a_whole() -> None:
    root, one, member, foreign = group(), group(), group(), group(service="billing")
    merging.merge(one.pk, [member.pk], None)
    another = group()

    with pytest.raises(RefusedError, match=f'Group {foreign.pk} is of the service "billing"'):
        merging.merge(root.pk, [another.pk, foreign.pk], None)
    with pytest.raises(RefusedError, match=f"Group {member.pk} is merged into group {one.pk}"):
        merging.merge(root.pk, [another.pk, member.pk], None)
    with pytest.raises(UnknownGroupError, match="no group 1000000000"):
        merging.merge(root.pk, [another.pk, 10**9], None)
    assert fresh(another).merged_into_id is None


@pytest.mark.django_db
def test_unmerging_gives_back_exactly_what_was_counted_of_each() -> None:
    root, member = group(), group()
    occur(root, [1, 2], "1.0")
    occur(member, [3], "1.1")
    meet(member, ["anna"])
    merging.merge(root.pk, [member.pk], None)
    occur(root, [70], "1.1")
    occur(member, [80, 140], "1.2")

    assert merging.unmerge(root.pk, [member.pk], None) == [member.pk]
    assert merging.unmerge(root.pk, [member.pk], None) == []

    assert (fresh(root).count, fresh(member).count, fresh(member).users) == (4, 4, 1)
    assert sum(GroupHour.objects.filter(group=member).values_list("count", flat=True)) == 3
    assert dict(member.releases.values_list("release", "count")) == {"1.1": 1, "1.2": 2}
    assert (fresh(root).fingerprints.count(), fresh(member).fingerprints.count()) == (1, 1)
    assert told(root)[1:] == [("unmerged", {"groups": [member.pk]})]
    assert told(member)[1:] == [("unmerged", {"from": root.pk})]


@pytest.mark.django_db
def test_a_member_leaves_with_what_was_decided_about_both() -> None:
    anna = get_user_model().objects.create_user("anna")
    root, member = group(), group(status=GroupStatus.IGNORED)
    merging.merge(root.pk, [member.pk], None)
    actions.resolve([root.pk], None)
    actions.assign([root.pk], anna, None)

    merging.unmerge(root.pk, [member.pk], None)

    found = fresh(member)
    assert (found.status, found.assignee, found.resolved_at) == ("resolved", anna, fresh(root).resolved_at)


@pytest.mark.django_db
def test_ignoring_waits_for_as_many_more_whatever_is_merged_and_unmerged() -> None:
    root, member, another = group(count=10), group(count=100), group(count=1000)
    merging.merge(root.pk, [another.pk], None)
    actions.ignore([root.pk], Ignoring(count=7), None)
    merging.merge(root.pk, [member.pk], None)
    assert fresh(root).ignored_count == 1117
    occur(member, [1, 2])

    merging.unmerge(root.pk, [member.pk], None)

    assert fresh(root).ignored_count == 1010 + 5
    assert fresh(member).ignored_count == 102 + 5


@pytest.mark.django_db
def test_a_member_of_another_group_is_not_taken_out() -> None:
    root, other, member = group(), group(), group()
    merging.merge(other.pk, [member.pk], None)

    with pytest.raises(RefusedError, match=f"is merged into group {other.pk}"):
        merging.unmerge(root.pk, [member.pk], None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "root_status", "after"),
    [
        (BugStatus.OPEN, GroupStatus.RESOLVED, BugStatus.RESOLVED),
        (BugStatus.OPEN, GroupStatus.UNRESOLVED, BugStatus.OPEN),
        (BugStatus.RESOLVED, GroupStatus.UNRESOLVED, BugStatus.OPEN),
    ],
)
def test_the_bug_of_a_member_follows_the_root(before: BugStatus, root_status: GroupStatus, after: BugStatus) -> None:
    root = group(count=3, status=root_status)
    member = group(count=4, status=GroupStatus.RESOLVED if before == BugStatus.RESOLVED else GroupStatus.UNRESOLVED)
    of_root = KnownBug.objects.create(bug_id="B-001", group=root, title="no", fingerprint="a", occurrence_count=3)
    of_member = KnownBug.objects.create(bug_id="B-002", group=member, title="no", fingerprint="b", status=before)

    merging.merge(root.pk, [member.pk], None)

    of_member.refresh_from_db()
    of_root.refresh_from_db()
    assert (of_member.status, of_root.occurrence_count) == (after, 7)

    merging.unmerge(root.pk, [member.pk], None)
    of_root.refresh_from_db()
    assert of_root.occurrence_count == 3


class DeadlockError(Exception):
    """As PostgreSQL's driver says it."""

    sqlstate = "40P01"


def together(*actions: Callable[[], object]) -> list[object]:
    barrier = threading.Barrier(len(actions))

    def start(action: Callable[[], object]) -> Callable[[], object]:
        def run() -> object:
            barrier.wait(30)
            return action()

        return run

    return [thread.result() for thread in [Thread(start(action)) for action in actions]]


@pytest.mark.usefixtures("database")
def test_two_people_who_merge_two_groups_into_each_other_at_once_agree_on_one_root() -> None:
    for _turn in range(5):
        one, other = group(), group()

        found = together(
            lambda one=one, other=other: merging.merge(one.pk, [other.pk], None),
            lambda one=one, other=other: merging.merge(other.pk, [one.pk], None),
        )

        assert len(set(found)) == 1
        assert sorted(pk or 0 for pk in (fresh(one).merged_into_id, fresh(other).merged_into_id)) == [0, found[0]]


@pytest.mark.usefixtures("database")
def test_whatever_is_merged_and_unmerged_at_once_there_are_two_levels_and_no_cycle() -> None:
    pks = [group().pk for _ in range(6)]

    def mix(seed: int) -> Callable[[], object]:
        chance = random.Random(seed)

        def run() -> None:
            for _step in range(10):
                root, *others = chance.sample(pks, 3)
                try:
                    chance.choice([merging.merge, merging.merge, merging.unmerge])(root, others, None)
                except RefusedError:
                    continue

        return run

    together(*(mix(seed) for seed in range(2)))

    parents = dict(ErrorGroup.objects.values_list("pk", "merged_into"))
    assert all(parent is None or parents[parent] is None for parent in parents.values())


def somebody_waits_for_us() -> bool:
    """Whether a connection waits for a lock of this one; on SQLite nobody can see it, and it makes no difference."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return bool(cursor.fetchone()[0])


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.usefixtures("database")
def test_who_becomes_a_member_while_another_merge_waits_is_taken_along() -> None:
    root, middle, leaf = group(), group(), group()

    with transaction.atomic():
        merging.merge(middle.pk, [leaf.pk], None)
        waiting = Thread(lambda: merging.merge(root.pk, [middle.pk], None))
        until(somebody_waits_for_us)
    waiting.result()

    assert {fresh(middle).merged_into_id, fresh(leaf).merged_into_id} == {root.pk}


@pytest.mark.usefixtures("database")
def test_a_root_that_becomes_a_member_while_another_merge_waits_for_it_is_no_root_any_more() -> None:
    root, middle, leaf = group(), group(), group()

    with transaction.atomic():
        merging.merge(root.pk, [middle.pk], None)
        waiting = Thread(lambda: merging.merge(middle.pk, [leaf.pk], None))
        until(somebody_waits_for_us)

    assert waiting.result() == root.pk
    assert {fresh(middle).merged_into_id, fresh(leaf).merged_into_id} == {root.pk}


@pytest.mark.django_db
def test_the_database_refuses_a_group_that_is_its_own_member() -> None:
    one = group()

    with pytest.raises(IntegrityError), transaction.atomic():
        ErrorGroup.objects.filter(pk=one.pk).update(merged_into=one.pk)


@pytest.mark.django_db
def test_three_levels_that_somebody_made_are_not_built_upon_and_can_be_undone() -> None:
    top, middle, leaf, new = (group() for _ in range(4))
    ErrorGroup.objects.filter(pk=leaf.pk).update(merged_into=middle.pk)
    ErrorGroup.objects.filter(pk=middle.pk).update(merged_into=top.pk)

    with pytest.raises(RefusedError, match=f"Group {middle.pk} has members and is merged into group {top.pk}"):
        merging.merge(leaf.pk, [new.pk, top.pk], None)
    assert merging.unmerge(top.pk, [middle.pk], None) == [middle.pk]
    assert merging.merge(leaf.pk, [new.pk], None) == middle.pk


@pytest.mark.django_db
def test_the_migration_takes_groups_with_members_out_of_those_that_they_are_in() -> None:
    separate = import_module("monitoring.migrations.0021_sound_groups").separate
    top, middle, leaf = group(), group(), group()
    one, other = group(), group()
    ErrorGroup.objects.filter(pk=leaf.pk).update(merged_into=middle.pk)
    ErrorGroup.objects.filter(pk=middle.pk).update(merged_into=top.pk)
    ErrorGroup.objects.filter(pk=one.pk).update(merged_into=other.pk)
    ErrorGroup.objects.filter(pk=other.pk).update(merged_into=one.pk)

    separate(apps, connection.schema_editor())

    parents = {one.pk: one.merged_into_id for one in ErrorGroup.objects.all()}
    assert parents == {top.pk: None, middle.pk: None, leaf.pk: middle.pk, one.pk: None, other.pk: None}


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_was_given_up_for_another_one_is_done_again_and_no_other() -> None:
    tries: list[str] = []

    def failing(times: int, cause: Exception | None) -> Callable[[str], str]:
        tries.clear()

        def work(alias: str) -> str:
            tries.append(alias)
            if len(tries) <= times:
                raise OperationalError("this one failed") from cause
            return "done"

        return work

    assert locking.transact(failing(2, DeadlockError())) == "done"
    assert len(tries) == 3
    with pytest.raises(OperationalError, match="this one failed"):
        locking.transact(failing(9, DeadlockError()))
    assert len(tries) == 5
    with pytest.raises(OperationalError, match="this one failed"):
        locking.transact(failing(9, None))
    assert len(tries) == 1
    assert not connection.in_atomic_block
