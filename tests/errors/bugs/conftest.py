"""What tests of bugs stand on: a planning folder and a GitHub of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors.bugs.trackers import http
from tests.api.conftest import admin, api, plain_static_files  # noqa: F401
from tests.errors.bugs.github import REPOSITORY, TOKEN, GitHub
from tests.faults.conftest import database  # noqa: F401


@pytest.fixture(autouse=True)
def planning(settings: Any, tmp_path: Path) -> Path:
    """The planning folder of bugs that no tracker is told of."""
    folder = tmp_path / "planning" / "tasks"
    settings.ERROR_TRACKING = {"PLANNING_DIR": str(folder)}
    settings.MONITORING = {**settings.MONITORING, "GITHUB_TOKEN": ""}
    return folder


@pytest.fixture
def github(planning: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """A GitHub that bugs are told to."""
    one = GitHub()
    settings.ERROR_TRACKING = {**settings.ERROR_TRACKING, "GITHUB_REPO": REPOSITORY}
    settings.MONITORING = {**settings.MONITORING, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": one.url}
    monkeypatch.setattr(http, "_READ", 5.0)
    yield one
    one.close()
