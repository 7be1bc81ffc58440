"""Ids of bugs have no gaps and no doubles, whoever takes them, and count on beyond three digits."""

from __future__ import annotations

import os
import select
import signal
import traceback

import pytest
from django.db import connections, transaction

from monitoring.errors.bugs import numbering
from monitoring.errors.bugs.models import BugCounter, KnownBug
from monitoring.errors.bugs.opening import open_for
from tests.errors.bugs.making import at_desk, run, wanted

_PROCESSES, _EACH = 20, 4


@pytest.mark.usefixtures("database", "planning")
def test_twenty_processes_that_make_bugs_at_once_leave_no_gap_and_no_double() -> None:
    groups = [wanted(f"ValueError: {number}").pk for number in range(_PROCESSES * _EACH)]

    def work(mine: list[int]) -> None:
        for place, group in enumerate(mine):
            if place == 1:  # what is rolled back leaves no gap
                with transaction.atomic():
                    numbering.take("default")
                    transaction.set_rollback(True)
            open_for(group, at_desk())
            open_for(groups[0], at_desk())  # all of them want this one

    _at_once([lambda mine=groups[n::_PROCESSES]: work(mine) for n in range(_PROCESSES)])
    ids = list(KnownBug.objects.order_by("number").values_list("bug_id", flat=True))
    assert ids == [f"B-{number:03d}" for number in range(1, _PROCESSES * _EACH + 1)]
    assert set(KnownBug.objects.values_list("group_id", flat=True)) == set(groups)


def _at_once(actions: list) -> None:  # type: ignore[type-arg]
    """Run each in a process of its own, all beginning together."""
    connections.close_all()
    start, go = os.pipe()
    children = []
    for action in actions:
        if (pid := os.fork()) == 0:
            signal.alarm(100)
            try:
                select.select([start], [], [])
                action()
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        children.append(pid)
    os.write(go, b"!")
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0] * len(actions)


@pytest.mark.django_db
@pytest.mark.usefixtures("planning")
def test_ids_go_on_beyond_three_digits_and_are_ordered_as_numbers() -> None:
    BugCounter.objects.create(last=998)
    for title in ("a", "b", "c"):
        wanted(title)
    run()
    assert list(KnownBug.objects.values_list("bug_id", flat=True)) == ["B-1001", "B-1000", "B-999"]


@pytest.mark.django_db
@pytest.mark.usefixtures("planning")
def test_ids_go_on_after_bugs_that_were_brought_along_from_elsewhere() -> None:
    KnownBug.objects.create(bug_id="B-041", fingerprint="f", title="t", description="d", severity="low")
    assert numbering.peek("default") == 42
    wanted()
    run()
    assert KnownBug.objects.first().bug_id == "B-042"  # type: ignore[union-attr]
