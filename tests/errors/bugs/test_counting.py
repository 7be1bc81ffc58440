"""What bugs count is what their groups count, also when drains and filing happen at once."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.errors.bugs import counting
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import merging
from monitoring.errors.groups.models import ErrorGroup
from tests.errors.bugs.making import at_desk, bug, run, wanted
from tests.errors.groups.making import at, group, scope
from tests.faults.processes import in_child

pytestmark = pytest.mark.usefixtures("planning")


def _count(counted: dict[int, int], minutes: float = 0) -> None:
    """Count as a drain does: groups first, then bugs."""
    for pk in sorted(counted):
        one = ErrorGroup.objects.get(pk=pk)
        ErrorGroup.objects.filter(pk=pk).update(
            count=one.count + counted[pk], last_seen=max(one.last_seen, at(minutes))
        )
    milliseconds = round(at(minutes).timestamp() * 1000)
    counting.add(scope(minutes), {pk: (added, milliseconds) for pk, added in counted.items()})


@pytest.mark.django_db
def test_a_new_bug_begins_with_what_its_group_counted_and_goes_on_with_it() -> None:
    one = wanted(count=7)
    run()
    assert (bug().occurrence_count, bug().last_occurrence) == (7, at(0))
    _count({one.pk: 3}, 5)
    assert (bug().occurrence_count, bug().last_occurrence) == (10, at(5))
    _count({one.pk: 1}, 2)
    assert (bug().occurrence_count, bug().last_occurrence) == (11, at(5)), "an older one does not set it back"


@pytest.mark.django_db
def test_merged_groups_count_at_the_bug_of_the_root_and_their_own_when_taken_out() -> None:
    root, member, other = wanted("a", count=10), wanted("b", count=5), group("c", count=2)
    run()
    merging.merge(root.pk, [member.pk, other.pk], None)
    assert bug(1).occurrence_count == 17
    _count({root.pk: 1, member.pk: 1, other.pk: 1}, 9)
    assert (bug(1).occurrence_count, bug(1).last_occurrence, bug(2).occurrence_count) == (20, at(9), 5)
    merging.unmerge(root.pk, [member.pk], None)
    assert (bug(1).occurrence_count, bug(2).occurrence_count) == (14, 6)


@pytest.mark.django_db
def test_a_member_of_a_root_without_a_bug_keeps_counting_at_its_own() -> None:
    member, root = wanted(count=5), group("root")
    run()
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=root)
    _count({member.pk: 2})
    assert bug().occurrence_count == 7


@pytest.mark.django_db
def test_groups_without_bugs_cost_one_statement_and_many_bugs_two() -> None:
    ones = [wanted(str(number)).pk for number in range(20)]
    for filed, statements in ((False, 1), (True, 2)):
        if filed:
            run()
        with CaptureQueriesContext(
            connection,
        ) as used:
            counting.add(scope(), dict.fromkeys(ones, (1, 0)))
        # SQLite writes the rows of a statement one by one.
        assert len({query["sql"][:20] for query in used}) == statements
    assert set(KnownBug.objects.values_list("occurrence_count", flat=True)) == {2}


@pytest.mark.usefixtures("database")
def test_what_drains_count_while_bugs_are_made_is_counted_once() -> None:
    import os

    from django.db import connections, transaction

    groups = [wanted(str(number)).pk for number in range(12)]
    merged = group("member")
    ErrorGroup.objects.filter(pk=merged.pk).update(merged_into=groups[0])
    children = []
    connections.close_all()
    for seed in range(3):
        if (pid := os.fork()) == 0:
            chance = random.Random(seed)
            for _ in range(15):
                some = sorted(chance.sample([*groups, merged.pk], 4))
                with transaction.atomic():
                    for pk in some:
                        ErrorGroup.objects.select_for_update().get(pk=pk)
                    _count(dict.fromkeys(some, 1))
            os._exit(0)
        children.append(pid)
    assert in_child(run) == 0
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
    counts = dict(ErrorGroup.objects.values_list("pk", "count"))
    assert sum(counts.values()) == len(counts) + 3 * 15 * 4
    counts[groups[0]] += counts.pop(merged.pk)
    assert dict(KnownBug.objects.values_list("group_id", "occurrence_count")) == counts


@pytest.mark.django_db
def test_a_bug_whose_group_was_dropped_is_that_of_the_next_group_of_the_same_error(github: Any) -> None:
    first = wanted(count=5)
    fingerprint = first.fingerprints.get().fingerprint
    run()
    KnownBug.objects.update(status="resolved", resolved_at=at(0))
    first.delete()
    assert bug().group is None
    second = wanted(count=2)
    second.fingerprints.update(fingerprint=fingerprint)
    run()
    assert KnownBug.objects.count() == 1
    assert (bug().group, bug().occurrence_count, bug().status) == (second, 7, "open")
    run()
    assert len(github.issues[0]["comments"]) == 1
    assert at_desk().tracker is not None
