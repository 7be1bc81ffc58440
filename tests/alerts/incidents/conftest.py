"""A stage for each test, and what became of incidents on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitoring.alerts.incidents.models import Incident, IncidentEntry
from tests.alerts import stage as stages
from tests.alerts.stage import Stage


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage without rules."""
    return stages.install(monkeypatch)


@pytest.fixture
def states() -> Callable[[], dict[str, str]]:
    """Return the latest state of each subject."""

    def read() -> dict[str, str]:
        return {row.labels["subject"]: row.state for row in Incident.objects.order_by("pk")}

    return read


@pytest.fixture
def told() -> Callable[[], list[str]]:
    """Return all entries of histories, in their order."""

    def read() -> list[str]:
        return list(IncidentEntry.objects.order_by("pk").values_list("kind", flat=True))

    return read
