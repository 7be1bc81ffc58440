"""When alert rules are evaluated: every few seconds, once at a time, and with or without Redis."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from pytest_httpserver import HTTPServer

from monitoring.alerts.channels.models import AlertChannel
from monitoring.alerts.incidents.models import Evaluation, Incident
from monitoring.conf import get_config
from tasks import alerts, jobs, nudging, schedule
from tests.alerts import stage as stages
from tests.alerts.stage import Stage


@pytest.fixture
def stage(db: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    AlertChannel.objects.create(
        name="hook", kind="webhook", settings={"url": "https://hooks.example.com/"}, severities=["high"]
    )
    return stages.install(monkeypatch)


def asked(client: Any) -> set[str]:
    """Return the tasks that somebody has asked for at once."""
    return {key.decode().rpartition(":")[2] for key in client.scan_iter(f"{get_config().stream_prefix}:pending:*")}


def test_what_fires_is_told_at_once(stage: Stage, redis_client: Any) -> None:
    rule = stage.rule()
    alerts.evaluate.apply(throw=True)
    assert asked(redis_client) == set()
    stage.finds(rule, "a")
    alerts.evaluate.apply(throw=True)
    assert Incident.objects.get().state == "firing"
    assert asked(redis_client) == {"tasks.alerts.deliver"}


def test_while_one_evaluates_others_leave_word(stage: Stage, redis_client: Any) -> None:
    with nudging.alone(alerts.evaluate, 10) as mine:
        assert mine
        alerts.evaluate.apply(throw=True)
        assert not Evaluation.objects.exists()
    assert asked(redis_client) == {"tasks.alerts.evaluate"}


def test_without_redis_rules_are_evaluated_all_the_same(stage: Stage, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    stage.finds(stage.rule(), "a")
    alerts.evaluate.apply(throw=True)
    assert Incident.objects.get().state == "firing"


def test_after_an_evaluation_the_watchdog_barks(
    stage: Stage, redis_client: Any, settings: Any, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/ping").respond_with_data("OK")
    settings.MONITORING = {**settings.MONITORING, "WATCHDOG_URL": httpserver.url_for("/ping")}
    monkeypatch.setattr(alerts.watch, "apply_async", lambda: alerts.watch.apply(throw=True))
    alerts.evaluate.apply(throw=True)
    alerts.evaluate.apply(throw=True)
    assert len(httpserver.log) == 1


def test_while_beat_is_dead_drains_have_rules_evaluated_and_messages_sent(
    redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []
    monkeypatch.setattr(jobs.watch, "apply_async", lambda **options: looked.append(options["expires"]))
    jobs.watch_for_beat()
    jobs.watch_for_beat()
    assert len(looked) == 1
    assert asked(redis_client) == {"tasks.alerts.evaluate", "tasks.alerts.deliver"}


def test_beat_has_rules_evaluated_as_often_as_is_set(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ALERT_INTERVAL": 7.0}
    app = Celery("example", set_as_current=False)
    schedule.install(app)
    entry = app.conf.beat_schedule["enginel-evaluate-alerts"]
    assert (entry["task"], entry["schedule"]) == (alerts.evaluate.name, 7.0)
