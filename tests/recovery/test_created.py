"""Errors that a program writes into the log by itself."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.errors.log.models import ErrorLog
from monitoring.recovery import trigger_manual_recovery
from monitoring.recovery.execution import due
from monitoring.recovery.models import Recovery
from monitoring.recovery.requests import created
from tests.recovery.execution.stage import Stage, Writes, install

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


def write(**values: Any) -> ErrorLog:
    known = {"service": "django", "error_type": "DatabaseError", "severity": "high", "message": "Pool exhausted"}
    return ErrorLog.objects.create(**known | values)


def test_what_has_a_remedy_is_recovered(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Writes())
    error, stage = write(context={"pending_requests": 15}), Stage()
    row = Recovery.objects.get(error_id=error.error_id)
    assert [one.id for one in due.take(stage.desk())] == [row.pk]
    row = stage.work(row)
    error.refresh_from_db()
    assert (row.treated, error.context["recovery_strategy"]) == (True, "pool_increase")
    assert error.context["pending_requests"] == 15


@pytest.mark.parametrize("values", [{"error_type": "LookupError"}, {"status_code": 404}, {"kept": "sample"}])
def test_what_has_none_or_was_recorded_is_left_alone(values: dict[str, Any]) -> None:
    write(**values)
    assert not Recovery.objects.exists()


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("error_type", "trigger"), [("DatabaseError", "automatic"), ("LookupError", "manual")])
def test_somebody_may_ask_for_its_recovery_whether_it_has_asked_by_itself_or_not(
    monkeypatch: pytest.MonkeyPatch, error_type: str, trigger: str
) -> None:
    class Longer(Writes):
        name, label, target = "timeout_increase", "Timeout Increase", "timeout:default"

    install(monkeypatch, Longer())
    error = write(error_type=error_type)
    told = trigger_manual_recovery(error.error_id)
    row = Recovery.objects.get(error_id=error.error_id)
    assert (told["recovery"]["attempted"], row.trigger) == (True, trigger)
    stage = Stage()
    assert [one.id for one in due.take(stage.desk())] == [row.pk]
    stage.work(row)
    assert trigger_manual_recovery(error.error_id)["recovery"]["message"] == "Recovery successful: Timeout Increase"


def test_with_recovery_off_nothing_is_asked_for(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY": "off"}
    write()
    assert not Recovery.objects.exists()


def test_whatever_fails_the_error_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(created, "_write", broken)
    assert ErrorLog.objects.filter(pk=write().pk).exists()
