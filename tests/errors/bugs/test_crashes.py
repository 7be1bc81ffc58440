"""A run that ends at any step is gone on with by the next one: one bug, one file, one issue, one comment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.errors.bugs import lifecycle
from monitoring.errors.bugs.models import BugStatus, KnownBug
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import bug, run, wanted
from tests.faults.processes import ENDED, end_at, in_child

pytestmark = pytest.mark.usefixtures("database")

LATER = timedelta(minutes=5)
STEPS = [
    "file the group",
    "insert the bug",
    "commit the bug",
    "find the file",
    "write the file",
    "note the file",
    "announce the issue",
    "find the issue",
    "open the issue",
    "note the issue",
]
TOLD_AGAIN = ["reopen the issue", "comment on the issue", "note the comment"]


def _resolved_and_back() -> None:
    KnownBug.objects.update(status=BugStatus.RESOLVED)
    assert lifecycle.group_regressed([bug().group_id or 0], "default") == 1


def test_the_steps_are_the_ones_tested_here(github: GitHub) -> None:
    seen: list[str] = []
    wanted()
    run(step=seen.append)
    assert seen == STEPS
    _resolved_and_back()
    run(step=seen.append)
    assert seen == STEPS + TOLD_AGAIN


@pytest.mark.parametrize("step", STEPS)
def test_whatever_step_a_run_ends_at_there_is_one_bug_with_one_file_and_one_issue(
    step: str, github: GitHub, planning: Path
) -> None:
    github.search_lags = True
    wanted("ValueError: the first")
    wanted("ValueError: the second")
    assert in_child(lambda: run(step=end_at(step))) == ENDED
    run(LATER)
    _whole(github, planning)


@pytest.mark.parametrize("step", STEPS)
def test_runs_that_end_at_two_different_steps_leave_nothing_twice(step: str, github: GitHub, planning: Path) -> None:
    github.search_lags = True
    wanted("ValueError: the first")
    wanted("ValueError: the second")
    other = STEPS[len(STEPS) - 1 - STEPS.index(step)]
    assert in_child(lambda: run(step=end_at(step))) == ENDED
    in_child(lambda: run(LATER, end_at(other)))
    run(2 * LATER)
    _whole(github, planning)


def _whole(github: GitHub, planning: Path) -> None:
    bugs = list(KnownBug.objects.order_by("number"))
    assert [one.bug_id for one in bugs] == ["B-001", "B-002"]
    assert [one.pending for one in bugs] == [[], []]
    names = ["B-001-valueerror-the-first.md", "B-002-valueerror-the-second.md"]
    assert sorted(path.name for path in planning.iterdir()) == names
    assert [one.file_path for one in bugs] == [str(planning / name) for name in names]
    titles = [(issue["number"], issue["title"]) for issue in github.issues]
    assert sorted(titles) == [(1, "B-001: ValueError: the first"), (2, "B-002: ValueError: the second")]
    assert [one.github_issue_number for one in bugs] == [1, 2]


@pytest.mark.parametrize("step", TOLD_AGAIN)
def test_whatever_step_telling_that_a_bug_is_back_ends_at_there_is_one_comment(step: str, github: GitHub) -> None:
    wanted()
    run()
    github.issues[0]["state"] = "closed"
    _resolved_and_back()
    assert in_child(lambda: run(step=end_at(step))) == ENDED
    run(LATER)
    assert github.issues[0]["state"] == "open"
    assert len(github.issues[0]["comments"]) == 1
    assert (bug().status, bug().pending, bug().regressions_told) == ("open", [], 1)
