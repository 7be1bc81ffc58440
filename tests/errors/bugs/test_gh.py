"""Without a token the command `gh` opens issues: here a stand-in on the PATH, which keeps its issues in a file."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors.bugs import lifecycle
from monitoring.errors.bugs.models import BugStatus, KnownBug, TrackerState
from monitoring.errors.bugs.trackers import gh as tracker
from tests.errors.bugs.making import HOUR, bug, run, wanted

pytestmark = pytest.mark.django_db

_GH = """#!{python} -S
import json, sys
from pathlib import Path
home = Path({home!r})
said = json.loads((home / "says.json").read_text())
if said:
    next_one = said.pop(0)
    (home / "says.json").write_text(json.dumps(said))
    if next_one:
        print(next_one["text"], file=sys.stderr)
        sys.exit(next_one["code"])
kept = home / "issues.json"
issues = json.loads(kept.read_text())
thing, verb, *rest = sys.argv[1:]
options = {{}}
while rest:
    word = rest.pop(0)
    if word.startswith("--"):
        options.setdefault(word, []).append(rest.pop(0))
    else:
        options["key"] = word
assert options["--repo"] == ["acme/shop"]
with (home / "calls.txt").open("a") as calls:
    print(thing, verb, file=calls)
if thing == "label":
    pass
elif verb == "create":
    number = len(issues) + 1
    issues.append({{"number": number, "url": f"https://github.com/acme/shop/issues/{{number}}", "state": "open",
        "title": options["--title"][0], "body": sys.stdin.read(), "labels": options["--label"], "comments": []}})
    print(issues[-1]["url"])
elif verb == "list":
    wanted = options.get("--search", [""])[0].partition(" in:")[0].strip('"')
    lags = wanted and (home / "lags").exists()
    print(json.dumps([issue for issue in issues if wanted in issue["body"] and not lags]))
else:
    issue = issues[int(options["key"]) - 1]
    if verb == "view":
        print(json.dumps(issue["comments"]))
    elif verb == "comment":
        issue["comments"].append({{"body": sys.stdin.read()}})
    elif verb == "reopen":
        issue["state"] = "open"
kept.write_text(json.dumps(issues))
"""


class Gh:
    """The stand-in's home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir()
        (home / "issues.json").write_text("[]")
        self.say()
        command = home / "gh"
        command.write_text(_GH.format(python=sys.executable, home=str(home)))
        command.chmod(command.stat().st_mode | stat.S_IXUSR)

    @property
    def issues(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((self.home / "issues.json").read_text())
        return found

    @property
    def calls(self) -> list[str]:
        return (self.home / "calls.txt").read_text().splitlines()

    def say(self, *said: dict[str, Any] | None) -> None:
        """Fail the next calls so, or do them for None."""
        (self.home / "says.json").write_text(json.dumps(said))


@pytest.fixture
def gh(planning: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gh:
    one = Gh(tmp_path / "gh")
    monkeypatch.setenv("PATH", f"{one.home}{os.pathsep}{os.environ['PATH']}")
    settings.ERROR_TRACKING = {**settings.ERROR_TRACKING, "GITHUB_REPO": "acme/shop"}
    wanted()
    return one


def test_an_issue_is_opened_once_and_known(gh: Gh) -> None:
    run()
    (issue,) = gh.issues
    assert (issue["title"], issue["labels"]) == ("B-001: ValueError: no", ["bug", "medium"])
    assert (bug().tracker, bug().github_issue_number, bug().pending) == ("gh", 1, [])
    KnownBug.all_objects.update(issue_key="", issue_due=bug().created)
    (gh.home / "lags").touch()
    run()
    assert (len(gh.issues), bug().issue_key) == (1, "1")


def test_a_regression_is_told_once(gh: Gh) -> None:
    run()
    KnownBug.objects.update(status=BugStatus.RESOLVED)
    lifecycle.group_regressed([bug().group_id or 0], "default")
    gh.say(None, None, {"code": 1, "text": "HTTP 502"})
    run()
    assert bug().pending == ["comment"]
    run(HOUR)
    assert len(gh.issues[0]["comments"]) == 1
    KnownBug.all_objects.update(regressions_told=0, issue_due=bug().created)
    run()
    assert len(gh.issues[0]["comments"]) == 1


@pytest.mark.parametrize(
    ("said", "told", "failures"),
    [
        ({"code": 1, "text": "HTTP 502: Bad Gateway"}, "gh: HTTP 502: Bad Gateway", 1),
        ({"code": 4, "text": "To get started with GitHub CLI, please run: gh auth login"}, "gh auth login", 1),
        ({"code": 1, "text": "GraphQL: Could not resolve to a Repository"}, "Could not resolve", 1),
        ({"code": 1, "text": "API rate limit exceeded"}, "rate limit", 0),
        ({"code": 1, "text": ""}, "exit code 1", 1),
    ],
)
def test_what_it_says_of_its_failure_is_passed_on(gh: Gh, said: dict[str, Any], told: str, failures: int) -> None:
    gh.say(None, said)
    run()
    assert told in bug().issue_problem
    assert TrackerState.objects.get().failures == failures
    run(HOUR)
    assert (len(gh.issues), bug().pending) == (1, [])


def test_labels_that_do_not_exist_are_made(gh: Gh) -> None:
    gh.say(None, {"code": 1, "text": "could not add label: 'medium' not found"})
    run()
    assert bug().pending == []
    assert gh.calls[1:] == ["label create", "label create", "issue create"]


def test_one_that_hangs_is_ended(gh: Gh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "_SECONDS", 0.001)
    run()
    assert bug().issue_problem == "gh did not end in time."


def test_one_that_prints_something_else_is_trouble_and_no_crash(gh: Gh) -> None:
    (gh.home / "gh").write_text("#!/bin/sh\necho '{'\n")
    run()
    assert bug().issue_problem == "gh printed something else than was asked for."
    (gh.home / "gh").write_text("#!/bin/sh\necho '[]'\n")
    run(HOUR)
    assert bug().issue_problem == "gh named no issue."
    (gh.home / "gh").write_text("no program")
    run(2 * HOUR)
    assert bug().issue_problem == "gh could not be started: OSError."


def test_without_token_and_command_the_issue_waits_and_says_why(
    gh: Gh, planning: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    run()
    assert "neither a GITHUB_TOKEN nor the command gh" in bug().issue_problem
    assert (bug().pending, len(list(planning.iterdir()))) == (["issue"], 1)
    KnownBug.all_objects.update(issue_key="1", regressions=1)
    run(HOUR)
    assert bug().pending == ["comment"]
