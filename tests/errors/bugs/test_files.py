"""Bugs' files: whole or not there, one for a bug, under safe names; a folder that takes none keeps no one waiting."""

from __future__ import annotations

import resource
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.errors.bugs import texts
from monitoring.errors.bugs.files import Shelf, slug
from monitoring.errors.bugs.models import KnownBug
from tests.errors.bugs.github import GitHub
from tests.errors.bugs.making import HOUR, bug, run, wanted
from tests.faults.processes import in_child


def _text(fingerprint: str = "f") -> str:
    return texts.file_text("B-001", {"title": "t", "service": "shop", "fingerprint": fingerprint})


@pytest.mark.django_db
def test_a_file_says_what_is_known_of_the_bug(planning: Path) -> None:
    wanted("ValueError: no", culprit="shop.views.pay", name="POST pay/", first_release="1.2", severity="high", count=3)
    run()
    text = (planning / "B-001-valueerror-no.md").read_text()
    assert text.startswith("# B-001: ValueError: no\n")
    for shown in (
        "`high`",
        "`shop`",
        "`shop.views.pay`",
        "`POST pay/`",
        "`1.2`",
        "`3`",
        "2026-11-20 12:00:00 UTC",
        f"`{bug().fingerprint}`",
    ):
        assert shown in text
    assert bug().file_path == str(planning / "B-001-valueerror-no.md")
    assert (bug().pending, bug().github_issue_number) == ([], None)


@pytest.mark.django_db
def test_a_relative_folder_lies_in_the_project(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    settings.ERROR_TRACKING = {}
    wanted("ValueError: no")
    run()
    assert (tmp_path / "planning/tasks/B-001-valueerror-no.md").exists()
    assert bug().file_path == "planning/tasks/B-001-valueerror-no.md"


@pytest.mark.django_db
def test_what_people_wrote_and_renamed_stays_and_is_found_again(planning: Path) -> None:
    wanted()
    run()
    (path,) = planning.iterdir()
    path.write_text("My notes come first.\n\n" + path.read_text() + "It is the tax.\n")
    renamed = path.rename(planning / "B-001-tax.md")
    KnownBug.objects.update(file_path="", file_due=bug().created)
    run()
    assert list(planning.iterdir()) == [renamed]
    assert "It is the tax." in renamed.read_text()
    assert bug().file_path == str(renamed)


@pytest.mark.django_db
def test_a_file_of_an_earlier_installation_is_neither_taken_nor_written_over(planning: Path) -> None:
    wanted()
    run()
    before = (planning / "B-001-valueerror-no.md").read_text()
    # The same error under the same id, as in a database that was begun anew.
    KnownBug.objects.update(file_path="", file_due=bug().created, created=bug().created + HOUR)
    run(HOUR)
    assert bug().file_path == str(planning / "B-001-valueerror-no-2.md")
    assert (planning / "B-001-valueerror-no.md").read_text() == before
    assert texts.marker_in(before) != texts.marker_in((planning / "B-001-valueerror-no-2.md").read_text())


def test_a_file_of_another_bug_under_the_same_name_stays(planning: Path) -> None:
    planning.mkdir(parents=True)
    (planning / "B-001-t.md").write_text("somebody else's")
    (planning / "B-001-t-2.md").symlink_to(planning / "nowhere")
    shelf = Shelf(str(planning))
    path = shelf.write("B-001", "t", _text())
    assert path == planning / "B-001-t-3.md"
    assert (planning / "B-001-t.md").read_text() == "somebody else's"
    assert not (planning / "nowhere").exists()
    assert shelf.find(texts.file_marker(texts.marker_of("shop", "f"), "B-001")) == str(path)


def test_a_file_that_does_not_fit_leaves_nothing(planning: Path) -> None:
    def write_on_a_full_disk() -> None:
        shelf = Shelf(str(planning))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        with pytest.raises(OSError, match="File too large"):
            shelf.write("B-001", "t", _text())

    assert in_child(write_on_a_full_disk) == 0
    assert list(planning.iterdir()) == []


def test_a_draft_is_never_written_through_a_link(planning: Path, tmp_path: Path) -> None:
    planning.mkdir(parents=True)
    (tmp_path / "precious").write_text("mine")
    (planning / ".B-001.tmp").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        Shelf(str(planning)).write("B-001", "t", _text())
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.django_db
def test_a_folder_that_takes_no_file_keeps_bugs_and_issues_going(github: GitHub, planning: Path) -> None:
    planning.parent.write_text("a file where the folder should be")
    wanted("a")
    wanted("b")
    run()
    assert len(github.issues) == 2
    for number in (1, 2):
        one = bug(number)
        assert (one.pending, one.github_issue_number) == (["file"], number)
        assert one.file_problem == f"The file cannot be written into {planning}: Not a directory (ENOTDIR)."
        assert one.next_attempt is not None
    planning.parent.unlink()
    run()
    assert bug().pending == ["file"], "it is not tried all the time"
    run(HOUR)
    assert sorted(path.name for path in planning.iterdir()) == ["B-001-a.md", "B-002-b.md"]
    assert (bug().pending, bug().file_problem) == ([], "")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("../../etc/passwd", "etcpasswd"),
        ("a\nb\0c", "a-bc"),
        ("日本語", "error"),
        ("Größe: 100 %", "groe-100"),
        ("x" * 500, "x" * 60),
        ("", "error"),
        ("--__--", "error"),
    ],
)
def test_a_title_becomes_a_safe_name(title: str, expected: str) -> None:
    assert slug(title) == expected


@given(st.text(max_size=600))
def test_whatever_the_title_its_name_is_safe(title: str) -> None:
    name = slug(title)
    assert 0 < len(name) <= 60
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-_")
