"""A resolved bug whose errors come back is open again, and its issue says so, once for each time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from monitoring.errors.bugs import lifecycle
from monitoring.errors.bugs.models import BugStatus
from monitoring.errors.groups import actions
from monitoring.errors.groups.models import ErrorGroup, GroupStatus
from monitoring.errors.groups.transitions import settle
from tests.errors.bugs.github import GitHub, fails, loses_the_answer
from tests.errors.bugs.making import HOUR, bug, run, wanted
from tests.errors.groups.making import at, group, occur, scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def filed(github: GitHub) -> ErrorGroup:
    one = wanted()
    run()
    return one


def _resolve_and_come_back(one: ErrorGroup, minutes: float = 60) -> None:
    actions.resolve([one.pk], None)
    assert (bug().status, bug().resolved_at is None) == ("resolved", False)
    ErrorGroup.objects.filter(pk=one.pk).update(resolved_at=at(minutes - 30), status_at=at(minutes - 30))
    settle([occur(one, [minutes])], scope(minutes))
    assert ErrorGroup.objects.get(pk=one.pk).status == GroupStatus.REGRESSED


def test_its_issue_is_opened_again_with_a_comment(filed: ErrorGroup, github: GitHub) -> None:
    github.issues[0]["state"] = "closed"
    _resolve_and_come_back(filed)
    assert (bug().status, bug().resolved_at, bug().pending) == ("open", None, ["comment"])
    run()
    run()
    (comment,) = github.issues[0]["comments"]
    assert "occurs again" in comment["body"]
    assert (github.issues[0]["state"], bug().pending) == ("open", [])


def test_each_time_is_told_once(filed: ErrorGroup, github: GitHub) -> None:
    for time in (1, 2):
        _resolve_and_come_back(filed, 60 * time)
        run()
    assert len(github.issues[0]["comments"]) == 2


@pytest.mark.parametrize("mood", [fails(500), fails(403, Retry_After="60"), loses_the_answer])
def test_a_comment_that_fails_is_made_later_and_once(filed: ErrorGroup, github: GitHub, mood: Any) -> None:
    _resolve_and_come_back(filed)
    github.misbehave("POST", mood)
    run()
    assert (bug().pending, bug().attempts) == (["comment"], 1)
    run(HOUR)
    assert (len(github.issues[0]["comments"]), bug().pending, bug().issue_problem) == (1, [], "")


def test_an_issue_that_is_gone_keeps_no_other_bug_waiting(filed: ErrorGroup, github: GitHub) -> None:
    _resolve_and_come_back(filed)
    github.misbehave("PATCH", fails(410, "deleted"))
    wanted("KeyError: 'x'")
    run()
    assert (bug(1).issue_problem, bug(2).pending) == ("The issue is gone, or was moved (410).", [])


def test_one_that_is_resolved_again_before_it_was_told_is_not_told(filed: ErrorGroup, github: GitHub) -> None:
    _resolve_and_come_back(filed)
    actions.resolve([filed.pk], None)
    run()
    assert (github.issues[0]["comments"], bug().pending, bug().regressions_told) == ([], [], 1)


def test_one_that_came_back_before_it_had_an_issue_is_told_by_the_issue(github: GitHub) -> None:
    github.misbehave("GET", fails(500))
    one = wanted()
    run()
    _resolve_and_come_back(one)
    run(HOUR)
    assert (len(github.issues), bug().pending, github.issues[0]["comments"]) == (1, [], [])


def test_one_that_comes_back_while_it_is_being_told_is_told_once_more(filed: ErrorGroup, github: GitHub) -> None:
    _resolve_and_come_back(filed)

    def come_back(step: str) -> None:
        if step == "note the comment" and bug().regressions == 1:
            _resolve_and_come_back(filed, 120)

    run(step=come_back)
    assert bug().pending == ["comment"]
    run(timedelta(minutes=1))
    assert (len(github.issues[0]["comments"]), bug().pending) == (2, [])


def test_without_a_tracker_it_is_open_again_and_nothing_waits(planning: Any) -> None:
    one = wanted()
    run()
    _resolve_and_come_back(one)
    assert (bug().status, bug().regressions, bug().pending) == ("open", 1, [])


def test_the_bug_of_a_merged_group_follows_the_root(filed: ErrorGroup, github: GitHub) -> None:
    root = group("ValueError: the root")
    ErrorGroup.objects.filter(pk=filed.pk).update(merged_into=root)
    assert lifecycle.group_resolved([root.pk], "default") == 1
    assert bug().status == BugStatus.RESOLVED
    assert lifecycle.group_reopened([root.pk], "default") == 1
    assert (bug().status, bug().regressions) == (BugStatus.OPEN, 0)
