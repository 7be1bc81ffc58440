"""The documented `BugCreationService` and `create_bug_task`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from monitoring.errors.bugs import filing
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.bugs.services import BugCreationService
from monitoring.errors.bugs.trackers.base import TrackerError
from monitoring.errors.groups.models import ErrorGroup
from tasks.decisions import project
from tasks.errors import create_bug_task, file_bugs
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import bug, run, wanted
from tests.errors.groups.making import group

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("planning")]

DATA = {"title": "CSRF check failed", "description": "No trusted origin.", "severity": "high"}


def test_ids_follow_one_another() -> None:
    service = BugCreationService()
    assert service.get_next_bug_id() == service.get_next_bug_id() == "B-001"
    KnownBug.objects.create(bug_id="B-999", fingerprint="f", **DATA)
    assert service.get_next_bug_id() == "B-1000"


def test_a_file_is_made_once(planning: Path) -> None:
    service = BugCreationService()
    path = service.create_bug_file("B-001", DATA)
    assert path == planning / "B-001-csrf-check-failed.md"
    assert "No trusted origin." in path.read_text()
    assert service.create_bug_file("B-001", DATA) == path
    assert service.create_bug_file("B-002", DATA).name == "B-002-csrf-check-failed.md", "that is another bug"


def test_the_template_can_be_another_one() -> None:
    class Short(BugCreationService):
        def get_bug_template(self) -> str:
            return "{bug_id} {title} {severity} {description}"

    text = Short().create_bug_file("B-001", {**DATA, "title": "{a} *b*"}).read_text()
    assert text == "B-001 \\{a\\} \\*b\\* `high` ```text\nNo trusted origin.\n```"


def test_an_issue_is_opened_once(github: GitHub) -> None:
    service = BugCreationService()
    for _ in range(2):
        number, url = service.create_github_issue("B-001", DATA)
        assert (number, url) == (1, "https://github.com/acme/shop/issues/1")
    assert github.issues[0]["labels"] == ["bug", "high"]
    assert github.issues[0]["body"] == service.format_issue_body(DATA)


def test_secrets_in_what_is_given_reach_neither_file_nor_issue(github: GitHub) -> None:
    data = {
        "title": "no https://me:hunter2@example.com",
        "description": "password=hunter2 https://me:hunter2@example.com",
    }
    service = BugCreationService()
    service.create_github_issue("B-001", data)
    for text in (service.create_bug_file("B-001", data).read_text(), str(github.issues)):
        assert "hunter2" not in text


def test_without_a_repository_there_is_no_issue() -> None:
    with pytest.raises(TrackerError, match="No repository is set"):
        BugCreationService().create_github_issue("B-001", DATA)


def test_what_gh_prints_is_read() -> None:
    service = BugCreationService()
    said = "Creating issue in acme/shop\n\nhttps://github.example.com/acme/shop/issues/42\n"
    assert service.parse_gh_output(said) == (42, "https://github.example.com/acme/shop/issues/42")
    with pytest.raises(TrackerError):
        service.parse_gh_output("https://github.com/acme/shop/pull/42")


def test_the_documented_task_makes_a_bug_with_its_file_and_issue_once(github: GitHub, planning: Path) -> None:
    for _ in range(2):
        assert create_bug_task.run("0123456789abcdef", DATA) == "B-001"
    made = bug()
    assert (made.title, made.description, made.severity) == ("CSRF check failed", "No trusted origin.", "high")
    assert (made.github_issue_number, made.service, made.pending) == (1, "enginel", [])
    assert len(list(planning.iterdir())) == len(github.issues) == 1


def test_the_documented_task_makes_the_bug_of_recorded_errors() -> None:
    one, member = group("ValueError: no"), group("member")
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=one)
    for group_ in (one, member):
        fingerprint = group_.fingerprints.get().fingerprint
        assert create_bug_task.run(fingerprint, {**DATA, "service": "shop"}) == "B-001"
    assert (bug().title, bug().group, bug().occurrence_count) == ("ValueError: no", one, 2)


def test_a_resolved_bug_that_is_reported_again_is_open_again_and_its_issue_says_so(github: GitHub) -> None:
    create_bug_task.run("0123456789abcdef", DATA)
    KnownBug.objects.update(status="resolved")
    create_bug_task.run("0123456789abcdef", DATA)
    assert (bug().status, bug().regressions, bug().pending) == ("open", 1, [])
    assert (len(github.issues), len(github.issues[0]["comments"])) == (1, 1)
    assert BugCreationService().get_next_bug_id() == "B-002"


def test_a_report_without_anything_is_a_bug_all_the_same() -> None:
    create_bug_task.run("f" * 100, {"severity": "terrible", "description": "a\0b"})
    assert (bug().title, bug().severity, bug().description) == ("f" * 64, "medium", "a\N{REPLACEMENT CHARACTER}b")


def test_the_task_of_beat_files_what_is_due_and_has_every_process_told(monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[str] = []
    for task in (file_bugs, project):
        monkeypatch.setattr(task, "apply_async", lambda task=task, **_options: published.append(task.name))
    monkeypatch.setattr(filing, "_OPENED", 1)
    wanted("a")
    wanted("b")
    file_bugs.run()
    assert (KnownBug.objects.count(), published) == (1, ["tasks.decisions.project", "tasks.errors.file_bugs"])
    run()
    published.clear()
    file_bugs.run()
    assert (KnownBug.objects.count(), published) == (2, [])


def test_the_planning_folder_is_no_part_of_the_repository() -> None:
    root = Path(__file__).resolve().parents[3]
    asked = subprocess.run(
        ["git", "check-ignore", "planning/tasks/B-001.md"], cwd=root, capture_output=True, check=False
    )
    assert asked.returncode in (0, 128), "ignored, or no checkout"
