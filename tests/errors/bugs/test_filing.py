"""What becomes bugs, how many issues are opened at a time, and what people may ask for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from monitoring.errors.bugs import decisions, filing, numbering, opening
from monitoring.errors.bugs.gate import LEASE
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.bugs.opening import want
from monitoring.errors.bugs.retrying import retry
from monitoring.errors.bugs.trackers import github as github_tracker
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.errors.log.models import ErrorLog
from tasks.errors import create_bug_task, file_bugs
from tests.errors.bugs.github import GitHub, fails
from tests.errors.bugs.making import HOUR, at_desk, bug, run, wanted
from tests.errors.groups.making import group

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("planning")]


def test_a_bug_says_what_its_newest_whole_error_says() -> None:
    one = wanted("ValueError: no", severity="critical")
    for message, kept in (("the first", "new"), ("the second", "sample"), ("", "")):
        ErrorLog.objects.create(group=one, exception_type="ValueError", exception_message=message, kept=kept)
    run()
    made = bug()
    assert (made.bug_id, made.title, made.severity, made.status) == ("B-001", "ValueError: no", "critical", "open")
    assert (made.description, made.service, made.group) == ("ValueError: the second", "shop", one)
    assert made.fingerprint == one.fingerprints.get().fingerprint
    one.refresh_from_db()
    assert one.bug_state == "filed"


def test_a_traceback_says_more_than_a_message() -> None:
    one = wanted()
    ErrorLog.objects.create(
        group=one, exception_type="ValueError", exception_message="m", traceback="T\nValueError: m\n"
    )
    run()
    assert bug().description == "T\nValueError: m"


def test_groups_that_want_none_get_none() -> None:
    group()
    run()
    assert not KnownBug.objects.exists()


def test_merged_groups_have_one_bug_together() -> None:
    root, member = group("root"), wanted("member")
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=root)
    run()
    assert (KnownBug.objects.count(), bug().group) == (1, root)
    assert {one.bug_state for one in ErrorGroup.objects.filter(pk=root.pk)} == {"filed"}
    ErrorGroup.objects.filter(pk=member.pk).update(bug_state="wanted")
    run()
    assert KnownBug.objects.count() == 1


def test_a_group_that_the_database_refuses_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    first = wanted("a")
    wanted("b")
    regular = opening._new

    def refuse(one: ErrorGroup, *others: Any) -> KnownBug:
        if one.pk == first.pk:
            numbering.take("default")
            raise IntegrityError("no")
        return regular(one, *others)

    monkeypatch.setattr(opening, "_new", refuse)
    run()
    assert [(one.bug_id, one.title) for one in KnownBug.objects.all()] == [("B-001", "b")]
    monkeypatch.undo()


def test_a_storm_makes_all_bugs_and_files_and_so_many_issues_an_hour(
    github: GitHub, planning: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ISSUES_PER_HOUR": 2}
    monkeypatch.setattr(filing, "_OPENED", 3)
    monkeypatch.setattr(filing, "_FILES", 3)
    for number in range(5):
        wanted(str(number), severity="high")
    assert run() is True, "there is more to be done"
    assert run() is False
    assert (KnownBug.objects.count(), len(list(planning.iterdir())), len(github.issues)) == (5, 5, 2)
    assert sorted(one.bug_id for one in KnownBug.objects.all() if one.pending == ["issue"]) == [
        "B-003",
        "B-004",
        "B-005",
    ]
    run(HOUR / 2)
    assert len(github.issues) == 2
    run(HOUR * 1.1)
    assert len(github.issues) == 4
    run(HOUR * 2.2)
    assert [issue["title"] for issue in github.issues] == [f"B-00{n + 1}: {n}" for n in range(5)]


def test_bugs_that_somebody_is_at_or_that_were_deleted_keep_no_other_waiting(
    planning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planning.parent.write_text("in the way")
    for number in range(3):
        wanted(str(number))
    run()
    planning.parent.unlink()
    monkeypatch.setattr(filing, "_FILES", 1)
    KnownBug.objects.filter(number=1).update(lease_until=at_desk(3 * HOUR).now())
    bug(2).delete()
    run(HOUR)
    assert [path.name for path in planning.iterdir()] == ["B-003-2.md"]


def test_a_tracker_that_was_switched_off_is_waited_for_no_more(github: GitHub, settings: Any) -> None:
    github.misbehave("GET", fails(500))
    wanted()
    run()
    assert bug().pending == ["issue"]
    settings.ERROR_TRACKING = {**settings.ERROR_TRACKING, "GITHUB_REPO": ""}
    run()
    assert (bug().pending, bug().issue_problem) == ([], "")


def test_what_a_bug_lacks_can_be_asked_for(github: GitHub, settings: Any) -> None:
    repository = settings.ERROR_TRACKING
    settings.ERROR_TRACKING = {**repository, "GITHUB_REPO": ""}
    wanted()
    run()
    assert retry(["B-001"], at_desk()) == 0
    settings.ERROR_TRACKING = repository
    assert (bug().pending, retry(["B-001", "B-002"], at_desk())) == ([], 1)
    github.misbehave("GET", fails(401))
    run()
    assert bug().pending == ["issue"]
    retry(["B-001"], at_desk())
    run()
    assert (bug().pending, len(github.issues)) == ([], 1)


def test_what_a_tracker_wants_is_respected_also_when_somebody_asks(github: GitHub) -> None:
    github.misbehave("GET", fails(429, Retry_After="600"))
    wanted()
    run()
    retry(["B-001"], at_desk())
    run()
    assert len(github.requests) == 1


def test_a_bug_can_be_asked_for_and_a_deleted_one_be_taken_back() -> None:
    one, merged = group(), group("merged")
    ErrorGroup.objects.filter(pk=merged.pk).update(merged_into=one)
    assert want([merged.pk], at_desk()) == 1
    assert want([one.pk], at_desk()) == 0
    run()
    assert bug().group == one
    bug().delete()
    assert (KnownBug.objects.count(), KnownBug.all_objects.count()) == (0, 1)
    ErrorGroup.objects.update(bug_state="wanted")
    run()
    assert KnownBug.all_objects.count() == 1, "its errors make no other one"
    assert want([one.pk], at_desk()) == 1
    assert (KnownBug.objects.count(), bug().deleted_at) == (1, None)
    bug().delete()
    bug().restore()
    assert KnownBug.objects.count() == 1


def test_a_group_whose_member_has_a_bug_gets_no_second_one() -> None:
    member, root = wanted("member"), group("root")
    run()
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=root)
    assert want([root.pk, member.pk], at_desk()) == 0
    ErrorGroup.objects.filter(pk=root.pk).update(bug_state="wanted")
    run()
    assert KnownBug.objects.count() == 1


def test_a_deleted_bug_is_told_to_nobody(github: GitHub) -> None:
    github.misbehave("GET", fails(500))
    wanted()
    run()
    KnownBug.objects.all().delete()
    run(HOUR)
    assert github.issues == []


def test_processes_are_told_the_open_bugs_of_all_fingerprints() -> None:
    one, member, resolved = wanted("a"), group("b"), wanted("c")
    run()
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=one)
    GroupFingerprint.objects.create(service="shop", fingerprint="another", group=one)
    KnownBug.objects.filter(group=resolved).update(status="resolved")
    KnownBug.objects.create(bug_id="B-009", service="web", fingerprint="reported", title="t")
    prints = [print_.fingerprint for print_ in GroupFingerprint.objects.filter(group__in=[one, member])]
    assert decisions.active() == {f"shop:{text}": "B-001" for text in prints} | {"web:reported": "B-009"}


def test_a_fingerprint_that_moved_to_another_group_stays_that_of_its_bug() -> None:
    first, second = wanted("a"), group("b")
    run()
    second.fingerprints.all().delete()
    first.fingerprints.update(group=second)
    ErrorGroup.objects.filter(pk=second.pk).update(bug_state="wanted")
    run()
    assert [one.group for one in KnownBug.objects.order_by("number")] == [first, second]
    assert bug(2).fingerprint == f"group-{second.pk}"


def test_a_bug_of_no_known_fingerprint_is_made_all_the_same() -> None:
    one = wanted("")
    one.fingerprints.all().delete()
    run()
    assert (bug().fingerprint, bug().title) == (f"group-{one.pk}", "Error")
    assert dataclasses.asdict(at_desk().tracking)["bug_threshold"] == 1


@pytest.mark.parametrize("task", [file_bugs, create_bug_task])
def test_a_run_is_ended_before_another_process_may_begin_one(task: Any) -> None:
    steps = 2 * github_tracker._SECONDS
    assert filing._SECONDS + steps < task.soft_time_limit < task.time_limit < LEASE.total_seconds()
