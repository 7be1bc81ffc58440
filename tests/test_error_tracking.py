"""The documented `ERROR_TRACKING`: wrong keys are named with the accepted form, and never stop what is right."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitoring import checks
from monitoring.error_tracking import ErrorTracking, get_error_tracking, load, problems

DOCUMENTED = {
    "ENABLED": True,
    "AUTO_CREATE_BUGS": True,
    "BUG_THRESHOLD": 1,
    "GITHUB_REPO": "owner/repo",
    "PLANNING_DIR": "planning/tasks",
    "EXCLUDE_PATHS": ["/health/", "/static/", "/media/"],
    "EXCLUDE_STATUS_CODES": [],
}


def test_the_documented_example_is_accepted_and_is_the_default_but_for_the_repository() -> None:
    assert problems(DOCUMENTED) == []
    assert load(DOCUMENTED) == ErrorTracking(github_repo="owner/repo")


@pytest.mark.parametrize(
    ("key", "value", "form"),
    [
        ("ENABLED", "yes", "must be true or false"),
        ("AUTO_CREATE_BUGS", 1, "must be true or false"),
        ("BUG_THRESHOLD", 0, "must be a whole number from 1 up"),
        ("BUG_THRESHOLD", True, "must be a whole number from 1 up"),
        ("GITHUB_REPO", "https://github.com/owner/repo", 'must be a repository, like "owner/repo", or empty'),
        ("GITHUB_REPO", None, 'must be a repository, like "owner/repo", or empty'),
        ("PLANNING_DIR", "", 'must be a folder, like "planning/tasks"'),
        ("EXCLUDE_PATHS", "/health/", 'must be a list of paths that begin with /, like ["/health/"]'),
        ("EXCLUDE_PATHS", ["health"], 'must be a list of paths that begin with /, like ["/health/"]'),
        ("EXCLUDE_STATUS_CODES", [40], "must be a list of HTTP statuses, like [404]"),
        ("BUG_TRESHOLD", 1, "does not exist; there are: ENABLED, "),
    ],
)
def test_a_wrong_key_is_named_and_its_default_is_used(key: str, value: Any, form: str) -> None:
    (found,) = problems({key: value})
    assert found.startswith(f"ERROR_TRACKING[{key!r}] ")
    assert form in found
    assert load({key: value, "EXCLUDE_STATUS_CODES": value if key == "EXCLUDE_STATUS_CODES" else [404]}) == load(
        {} if key == "EXCLUDE_STATUS_CODES" else {"EXCLUDE_STATUS_CODES": [404]}
    )


def test_what_is_no_dict_is_said() -> None:
    assert problems(["ENABLED"]) == ["ERROR_TRACKING must be a dict, like {'BUG_THRESHOLD': 1}."]


def test_a_wrong_setting_is_a_system_check_error(settings: Any) -> None:
    settings.ERROR_TRACKING = {"BUG_THRESHOLD": "many"}
    (message,) = checks.check_error_tracking()
    assert (message.id, "BUG_THRESHOLD" in str(message)) == ("monitoring.E004", True)


def test_a_changed_setting_is_followed(settings: Any) -> None:
    settings.ERROR_TRACKING = {"BUG_THRESHOLD": 3, "PLANNING_DIR": Path("notes")}
    assert get_error_tracking() == ErrorTracking(bug_threshold=3, planning_dir="notes")
    settings.ERROR_TRACKING = 7
    assert get_error_tracking() == ErrorTracking()


def test_without_django_it_is_read_from_the_environment() -> None:
    code = "from monitoring.error_tracking import get_error_tracking; print(get_error_tracking().bug_threshold)"
    environment = {**os.environ, "ERROR_TRACKING": '{"BUG_THRESHOLD": 4}'}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "4"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("GITHUB_TOKEN", "a b"),
        ("GITHUB_API_URL", "github.example.com"),
        ("GITHUB_API_URL", "https://user:secret@github.example.com"),
        ("GITHUB_API_URL", "https://[::1"),
        ("GITHUB_API_URL", "https://github.example.com/\n"),
        ("ISSUES_PER_HOUR", 0),
    ],
)
def test_a_wrong_way_to_the_tracker_is_named_without_its_value(key: str, value: Any) -> None:
    from monitoring.conf import problems as others

    (found,) = others({key: value})
    assert key in found
    assert "secret" not in found
