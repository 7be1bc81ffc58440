"""Of Enginel's own frequent entries nobody is told but of what goes wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from monitoring.recording import schedule
from monitoring.recording.events import ScheduledRun, TaskState
from monitoring.recording.recorder import recorder

RUN = {"periodic_task_name": "enginel-watch", "task": "tasks.jobs.watch", "id": "1"}


def told(settings: Any, state: TaskState, **changed: str) -> list[str]:
    settings.MONITORING = {**settings.MONITORING, "FLUSH_INTERVAL": 3600.0}
    headers: dict[str, Any] = {**RUN, **changed}
    message = SimpleNamespace(**headers)
    schedule.published(headers, "monitoring")
    schedule.started(message)
    schedule.ended(message, state)
    return [event.state for event in recorder._buffers[ScheduledRun]]


def test_what_goes_well_is_not_told(settings: Any) -> None:
    assert told(settings, TaskState.SUCCESS) == []


def test_what_fails_is_told(settings: Any) -> None:
    assert told(settings, TaskState.FAILURE) == ["FAILURE"]


@pytest.mark.parametrize("changed", [{"periodic_task_name": "nightly"}, {"task": "shop.nightly"}])
def test_other_entries_and_other_tasks_are_told_of_whole(settings: Any, changed: dict[str, str]) -> None:
    assert told(settings, TaskState.SUCCESS, **changed) == ["PUBLISHED", "STARTED", "SUCCESS"]
