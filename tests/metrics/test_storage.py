"""Storage gauges come from a function of the service, and stay while it is out of order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model

from designs.models import Design
from monitoring import checks
from monitoring.metrics import MetricsCollector
from tasks.metrics import refresh_storage
from tasks.schedule import SCHEDULE

pytestmark = pytest.mark.usefixtures("eager")


def out_of_order() -> tuple[int, int]:
    raise OSError("no such bucket")


@pytest.fixture
def provide(settings: Any) -> Any:
    def change(path: str) -> None:
        settings.MONITORING = {**settings.MONITORING, "STORAGE_PROVIDER": path}

    return change


def gauges() -> tuple[Any, Any]:
    found = MetricsCollector.get_metrics()
    return found.get("storage_used_gb"), found.get("storage_quota_gb")


def test_designs_say_what_uploads_take_and_may_take(settings: Any) -> None:
    settings.STORAGE_QUOTA_GB = 20
    owner = get_user_model().objects.create_user("owner", password=None)
    for size in (1_500_000_000, 500_000_000):
        Design.objects.create(owner=owner, name="x", format="step", size=size, sha256="0" * 64)
    refresh_storage()
    assert gauges() == (2, 20)


def test_a_provider_that_raises_fails_its_run_and_the_gauges_stay(provide: Any) -> None:
    refresh_storage()
    known = gauges()
    provide(f"{__name__}.out_of_order")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=4), tick=True):
        with pytest.raises(OSError, match="bucket"):
            refresh_storage()
        assert gauges() == known == (0, 100)


def test_without_a_provider_there_are_none(provide: Any) -> None:
    provide("")
    refresh_storage()
    assert gauges() == (None, None)


def test_beat_asks_more_often_than_gauges_expire() -> None:
    entry = next(entry for entry in SCHEDULE.values() if entry["task"] == refresh_storage.name)
    assert entry["schedule"] <= 150


@pytest.mark.parametrize(
    "path", ["designs.no_such.usage", "designs.storage.nothing", "nonsense", "designs.storage._GIGABYTE"]
)
def test_a_provider_that_is_none_is_a_system_check_error(path: str, provide: Any) -> None:
    provide(path)
    messages = checks.check_storage_provider()
    assert [message.id for message in messages] == ["monitoring.E003"]
    assert "STORAGE_PROVIDER" in str(messages[0])
    provide("designs.storage.usage")
    assert checks.check_storage_provider() == []
