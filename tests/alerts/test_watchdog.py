"""The watchdog barks while alerting works, and is silent when it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from monitoring.alerts import watchdog
from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.check import Alerts, judge
from monitoring.alerts.deliveries.models import Delivery, DeliveryGate
from monitoring.alerts.families import families
from monitoring.alerts.incidents.models import Evaluation, RuleTrouble
from monitoring.classification import ErrorSeverity
from monitoring.component import Status
from monitoring.conf import get_config, problems
from tests.alerts import stage as stages
from tests.alerts.stage import Stage

Configure = Callable[..., None]


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = stages.install(monkeypatch)
    made.now = datetime.now(UTC)
    return made


@pytest.fixture
def configure(settings: Any) -> Configure:
    def change(**values: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, **values}

    return change


def gauges() -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(get_config())
        for sample in family.samples
    }


def test_without_an_address_there_is_none(stage: Stage) -> None:
    stage.evaluate()
    assert not watchdog.take_turn(get_config())


def test_it_is_asked_for_once_an_interval_however_many_ask(stage: Stage, configure: Configure) -> None:
    configure(WATCHDOG_URL="https://hc.example.com/1", WATCHDOG_INTERVAL=60.0)
    stage.evaluate()
    config, now = get_config(), stage.now
    turns = [watchdog.take_turn(config, now + timedelta(seconds=after)) for after in (0, 0, 5, 55, 60, 60, 120)]
    assert turns == [True, False, False, False, True, False, True]
    assert watchdog.take_turn(config, now - timedelta(days=1))  # clocks are put back


def test_it_barks_at_a_private_address_and_notes_the_answer(
    stage: Stage, configure: Configure, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/ping/secret").respond_with_data("OK")
    configure(WATCHDOG_URL=httpserver.url_for("/ping/secret"))
    stage.evaluate()
    assert watchdog.bark(get_config(), stage.now)
    assert len(httpserver.log) == 1
    assert Evaluation.objects.get().watchdog_answered == stage.now
    assert gauges()["enginel_watchdog",] == 1.0


@pytest.mark.parametrize("status", [404, 500])
def test_an_address_that_does_not_hear_is_noted_without_its_secret(
    stage: Stage, configure: Configure, httpserver: HTTPServer, status: int
) -> None:
    httpserver.expect_request("/ping/secret").respond_with_data("", status=status)
    configure(WATCHDOG_URL=httpserver.url_for("/ping/secret"))
    stage.evaluate()
    assert not watchdog.bark(get_config(), stage.now)
    row = Evaluation.objects.get()
    assert (row.watchdog_problem, row.watchdog_answered) == (f"Its address answered {status}.", None)


def test_an_address_that_is_away_is_noted_without_its_secret(stage: Stage, configure: Configure) -> None:
    configure(WATCHDOG_URL="http://127.0.0.1:9/ping/secret")
    stage.evaluate()
    assert not watchdog.bark(get_config(), stage.now)
    problem = Evaluation.objects.get().watchdog_problem
    assert problem
    assert "secret" not in problem


def test_it_is_silent_while_rules_are_not_evaluated(stage: Stage, configure: Configure, httpserver: HTTPServer) -> None:
    configure(WATCHDOG_URL=httpserver.url_for("/"))
    config = get_config()
    assert "No evaluation" in watchdog.trouble(config, stage.now)
    assert gauges()["enginel_watchdog",] == 0.0
    stage.evaluate()
    late = stage.now + timedelta(seconds=40)
    assert "last evaluated 40 s ago" in watchdog.trouble(config, late)
    assert not watchdog.bark(config, late)
    assert not httpserver.log


def test_it_is_silent_while_messages_wait_though_they_could_be_sent(stage: Stage) -> None:
    AlertChannel.objects.create(
        name="hook", kind="webhook", settings={"url": "https://hooks.example.com/"}, severities=["high"]
    )
    stage.finds(stage.rule(), "a")
    stage.evaluate()
    assert Delivery.objects.count() == 1
    config, later = get_config(), stage.now + timedelta(seconds=1)
    assert watchdog.trouble(config, later) == ""
    Delivery.objects.update(next_at=stage.now - timedelta(seconds=400))
    assert "could be sent" in watchdog.trouble(config, later)
    DeliveryGate.objects.update(paused_until=datetime.now(UTC) + timedelta(hours=1))
    assert watchdog.trouble(config, later) == ""


def test_the_check_tells_when_rules_are_not_evaluated(stage: Stage) -> None:
    check = Alerts()
    assert check.run().status is Status.HEALTHY
    stage.evaluate()
    found = check.run()
    assert (found.status, found.message) == (Status.HEALTHY, "Alert rules are evaluated")
    config, completed = get_config(), stage.now

    def status(seconds: float, failing: int = 0) -> Status:
        return judge((completed, 0.1, 3, failing), config, completed + timedelta(seconds=seconds)).status

    assert [status(after) for after in (-301, -31, -29, 34, 36, 304, 306)] == [
        Status.UNHEALTHY,
        Status.DEGRADED,
        Status.HEALTHY,
        Status.HEALTHY,
        Status.DEGRADED,
        Status.DEGRADED,
        Status.UNHEALTHY,
    ]
    assert status(1, failing=1) is Status.DEGRADED
    assert judge((None, 0.0, 0, 0), config, completed).status is Status.DEGRADED


def test_what_the_metrics_tell(stage: Stage) -> None:
    bad = stage.rule("bad")
    stage.found["bad"] = ValueError()
    stage.finds(stage.rule("good", severity=ErrorSeverity.CRITICAL), "a", "b")
    stage.evaluate()
    found = gauges()
    assert found["enginel_incidents", "firing", "critical"] == 2
    assert found["enginel_incidents", "pending", "low"] == 0
    assert found["enginel_incident_transitions_total", "firing"] == 2
    assert found["enginel_incident_transitions_total", "escalated"] == 0
    assert (found["enginel_alert_rules",], found["enginel_alert_rules_failing",]) == (2, 1)
    assert found["enginel_alert_rule_failures_total", bad.name] == 1
    assert found["enginel_alert_evaluation_lag_seconds",] < 30
    assert found["enginel_silences_active",] == 0
    assert RuleTrouble.objects.count() == 1


@pytest.mark.parametrize("url", ["ftp://x/", "hc.example.com", "https://", 5, "https://a b/"])
def test_what_is_no_address_is_refused(url: Any) -> None:
    assert "must be an http(s) URL" in problems({"WATCHDOG_URL": url})[0]


def test_addresses_with_queries_are_taken() -> None:
    assert not problems({"WATCHDOG_URL": "https://hc.example.com/ping/1?create=1"})
    assert not problems({"WATCHDOG_URL": ""})
