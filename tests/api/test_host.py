"""The API is the same in a project with its own user model, DRF settings and knox settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

import monitoring


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    own = {"MONITORING", "ADMIN_TOKEN", "DATABASE_URL"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.api.host_settings"
    command = [sys.executable, "-m", "tests.api.host_story"]
    story = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert story.returncode == 0, story.stderr
    return dict(json.loads(story.stdout.splitlines()[-1]))


def test_the_probe_answers_under_the_projects_service_name(told: dict[str, Any]) -> None:
    assert told["probe"] == {"status": "ok", "service": "shop"}


def test_strangers_stay_out_where_the_project_lets_everybody_in(told: dict[str, Any]) -> None:
    assert told["stranger"] == 401


def test_an_admin_reads_what_was_recorded(told: dict[str, Any]) -> None:
    assert (told["dashboard"], told["performance"]) == (1, ["checkout"])


def test_errors_have_our_format(told: dict[str, Any]) -> None:
    assert list(told["bad"]) == ["limit"]
    assert told["searched"] == ["search"]
    assert told["astray"] == "application/problem+json"


def test_replays_commit_by_themselves_where_requests_are_transactions(told: dict[str, Any]) -> None:
    assert (told["replayed"], told["refused"], told["left"]) == ({"events": 4}, 409, 1)


def test_the_description_leaves_out_what_cannot_be_described(told: dict[str, Any]) -> None:
    assert all(path.startswith("/api/") for path in told["paths"])
    assert "/api/monitoring/dashboard/" in told["paths"]
    assert told["docs"] == 200


def test_the_description_bears_our_name(told: dict[str, Any]) -> None:
    assert (told["described"]["title"], told["described"]["version"]) == ("Enginel", monitoring.__version__)
