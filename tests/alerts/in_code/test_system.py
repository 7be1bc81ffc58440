"""Conditions in code see each error once it is sent, and what they find is told and stored once."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from monitoring.alerts import AlertLevel
from monitoring.alerts.in_code.event import ErrorEvent
from monitoring.alerts.in_code.models import CodeAlert
from monitoring.alerts.in_code.system import ErrorAlertingSystem
from monitoring.alerts.rules.models import AlertRule
from monitoring.classification import ErrorSeverity, ErrorType
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.recorder import recorder
from monitoring.stream.streams import FACTS
from tests.pipeline import counted, drain_all

pytestmark = pytest.mark.django_db


def fail(message: str = "no room", **said: Any) -> str:
    try:
        raise MemoryError(message)
    except MemoryError as error:
        return str(errors.report(error, **said))


def is_critical(event: ErrorEvent) -> bool:
    return event.severity == ErrorSeverity.CRITICAL or event.error_type == ErrorType.DATABASE_ERROR


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def system(eager: None, told: list[Any]) -> ErrorAlertingSystem:
    made = ErrorAlertingSystem()
    made.add_alert_rule(
        name="critical_errors",
        condition=is_critical,
        alert_level=AlertLevel.CRITICAL,
        message_template="Critical error: {error_type} at {endpoint}",
        cooldown_minutes=1,
    )
    made.add_alert_channel("list", told.append)
    return made


def test_a_channel_is_told_what_is_documented(system: ErrorAlertingSystem, told: list[Any]) -> None:
    error_id = fail(severity="critical", user_id="17", context={"design": 7})

    (alert,) = told
    assert alert["message"] == "Critical error: resource_error at <process>"
    assert (alert["name"], alert["alert_level"]) == ("critical_errors", "critical")
    event = alert["error_event"]
    assert (event["error_type"], event["endpoint"], event["user_id"]) == ("resource_error", "<process>", "17")
    assert (event["error_id"], event["severity"], event["message"]) == (error_id, "critical", "no room")
    assert event["context"]["design"] == 7


def test_what_a_condition_refuses_is_not_told(system: ErrorAlertingSystem, told: list[Any]) -> None:
    try:
        raise ValueError("odd")
    except ValueError as error:
        errors.report(error, severity="low")
    assert told == []
    assert ErrorLog.objects.count() == 1


def test_within_the_cooldown_errors_of_one_type_and_endpoint_are_told_once(
    system: ErrorAlertingSystem, told: list[Any]
) -> None:
    for _ in range(5):
        fail(severity="critical")
    fail(severity="critical", path="/elsewhere/")
    assert [alert["error_event"]["endpoint"] for alert in told] == ["<process>", "/elsewhere/"]


def test_an_alert_becomes_a_row_and_its_condition_a_rule_once(system: ErrorAlertingSystem) -> None:
    fail(severity="critical")
    fail(severity="critical", path="/elsewhere/")
    recorder.flush()

    assert {(one.rule, one.level, one.endpoint) for one in CodeAlert.objects.all()} == {
        ("critical_errors", "critical", "<process>"),
        ("critical_errors", "critical", "/elsewhere/"),
    }
    (rule,) = AlertRule.objects.filter(kind="code")
    assert (rule.name, rule.severity, rule.cooldown_seconds, rule.source) == ("critical_errors", "critical", 60, "code")


def test_where_nobody_is_told_of_alerts_channels_are_not_either(
    system: ErrorAlertingSystem, told: list[Any], settings: Any
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERTS_SENT": False}
    fail(severity="critical")
    recorder.flush()
    assert told == []
    assert CodeAlert.objects.count() == 1


def test_a_rule_of_another_kind_keeps_its_name(system: ErrorAlertingSystem) -> None:
    AlertRule.objects.create(name="critical_errors", kind="new_group")
    fail(severity="critical")
    recorder.flush()

    assert AlertRule.objects.get(kind="code").name == "critical_errors (code)"


def test_coroutine_functions_do_as_well(eager: None, told: list[Any]) -> None:
    async def condition(event: ErrorEvent) -> bool:
        await asyncio.sleep(0)
        return True

    async def channel(alert: Any) -> None:
        await asyncio.sleep(0)
        told.append(alert["alert_level"])

    system = ErrorAlertingSystem()
    system.add_alert_rule("all", condition)
    system.add_alert_channel("async", channel)
    fail()
    assert told == ["error"]


def test_a_condition_or_channel_that_raises_stops_nothing_else(system: ErrorAlertingSystem, told: list[Any]) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("broken")

    other = ErrorAlertingSystem()
    other.add_alert_rule("broken", broken)
    system.add_alert_channel("broken", broken)
    system.add_alert_channel("last", told.append)
    fail(severity="critical")
    recorder.flush()
    assert len(told) == 2
    assert counted("lost")["failure"] == 2
    assert ErrorLog.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": ""}, ValueError),
        ({"name": "x" * 101}, ValueError),
        ({"name": "two\nlines"}, ValueError),
        ({"name": "turned\u202eround"}, ValueError),
        ({"name": "nul\0"}, ValueError),
        ({"name": 7}, ValueError),
        ({"message_template": "two\nlines"}, ValueError),
        ({"cooldown_minutes": True}, ValueError),
        ({"condition": "no function"}, TypeError),
        ({"alert_level": "shrill"}, ValueError),
        ({"message_template": ""}, ValueError),
        ({"cooldown_minutes": -1}, ValueError),
        ({"cooldown_minutes": "1"}, ValueError),
    ],
)
def test_rules_that_cannot_work_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ErrorAlertingSystem().add_alert_rule(**{"name": "one", "condition": is_critical, **arguments})


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "nul\0", "half\ud800", "x" * 101, None])
def test_channels_have_names_that_can_be_stored(name: Any) -> None:
    with pytest.raises(ValueError, match="one line"):
        ErrorAlertingSystem().add_alert_channel(name, print)


def test_conditions_run_on_a_thread_of_their_own(redis_client: Any) -> None:
    seen: list[str] = []
    done = threading.Event()

    def condition(event: ErrorEvent) -> bool:
        seen.append(threading.current_thread().name)
        return True

    system = ErrorAlertingSystem()
    system.add_alert_rule("threads", condition)
    system.add_alert_channel("done", lambda _alert: done.set())
    fail()
    recorder.flush()
    assert done.wait(10)
    recorder.flush()
    drain_all(FACTS)
    assert seen == ["enginel-alerts"]
    assert CodeAlert.objects.get().rule == "threads"


def test_what_is_no_alert_of_ours_degrades_field_by_field(redis_client: Any) -> None:
    from monitoring.recording.events import Alert

    for values in (
        {},
        {"name": 7},
        {"name": "two\nlines"},
        {"name": "odd", "alert_level": [], "error_event": "none", "cooldown": "x"},
    ):
        recorder.record_fact(Alert(1, values))
    recorder.flush()
    drain_all(FACTS)
    (one,) = CodeAlert.objects.all()
    assert (one.rule, one.level, one.event) == ("odd", "error", {})
    assert AlertRule.objects.get().cooldown_seconds == 0
