"""Rules about queues, findings, components, metrics, blocked clients and conditions in code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from monitoring.alerts.in_code.models import CodeAlert
from monitoring.health.models import ComponentState
from monitoring.jobs.findings import Finding, note, raise_finding
from monitoring.jobs.queues.models import QueueState
from monitoring.protection.blocks.models import Block
from monitoring.protection.circuits.models import Circuit

from .rows import NOW, ago, counter, found, gauge, result

pytestmark = pytest.mark.django_db


def queue(name: str, *, at: datetime = NOW, **values: Any) -> None:
    QueueState.objects.create(name=name, broker="redis", at=at, seen=at, moved=at, **values)


def test_queues_are_found_by_their_length_and_by_the_age_of_their_oldest_message() -> None:
    queue("mails", depth=50, oldest_age=90.0)
    queue("empty", depth=0)
    (old,) = found("queue_age", {"threshold_seconds": 90})
    assert (old.labels, old.value, old.count) == ({"queue": "mails"}, 90.0, 50)
    assert old.summary == "The oldest message of the queue mails waits for 90 s"
    assert [one.value for one in found("queue_length", {"threshold": 50})] == [50]
    assert not found("queue_age", {"threshold_seconds": 91})
    assert not found("queue_length", {"threshold": 1}, filters={"queue": ["pay*"]})


def test_a_queue_that_was_sampled_long_ago_says_nothing() -> None:
    queue("mails", depth=50, oldest_age=90.0, at=ago(minutes=5))
    assert result("queue_length", {"threshold": 1}).missing
    assert not result("queue_length", {"threshold": 1}).samples


def finding(kind: str, subject: str, at: datetime, detail: dict[str, Any] | None = None, **values: Any) -> None:
    Finding.objects.create(kind=kind, subject=subject, opened=at, noted=at, detail=detail or {}, **values)


def event(kind: str, subject: str, at: datetime, **detail: Any) -> None:
    finding(kind, subject, at, detail, closed=at, event=True)


def test_a_state_is_found_while_it_is_open() -> None:
    finding("worker_down", "w1@a", ago(days=2), {"waiting": 3})
    finding("worker_down", "w2@a", ago(minutes=2), closed=ago(minutes=1))
    (sample,) = found("finding", {"kinds": ["worker_*"]}, summary="{worker} is down, {waiting} tasks wait")
    assert (sample.labels, sample.event) == ({"finding": "worker_down", "worker": "w1@a"}, False)
    assert sample.value == 2 * 24 * 3600
    assert sample.summary == "w1@a is down, 3 tasks wait"
    assert not found("finding", {"kinds": ["worker_down"], "subjects": ["w2*"]})


def test_subjects_are_called_what_they_are() -> None:
    for kind in ("queue_stalled", "schedule_missed", "beat_dead"):
        finding(kind, "x", NOW)
    labels = [one.labels for one in found("finding", {"kinds": ["*"]})]
    assert labels == [
        {"finding": "beat_dead", "subject": "x"},
        {"finding": "queue_stalled", "queue": "x"},
        {"finding": "schedule_missed", "entry": "x"},
    ]


def test_a_crash_that_loses_a_thousand_tasks_is_one_thing_to_tell() -> None:
    for number in range(30):
        event("task_lost", f"id-{number} 1", ago(minutes=1), task="shop.pay", worker="w1@a")
    event("task_lost", "id-x 1", ago(minutes=1), task="shop.mail", worker="w1@a")
    by_task = found("finding", {"kinds": ["task_lost"], "group_by": "task"})
    assert [(one.labels["task"], one.count, one.event) for one in by_task] == [
        ("shop.mail", 1, True),
        ("shop.pay", 30, True),
    ]
    assert len(by_task[1].evidence["findings"]) == 10
    assert [one.count for one in found("finding", {"kinds": ["task_lost"], "group_by": "worker"})] == [31]
    assert [one.labels for one in found("finding", {"kinds": ["task_lost"], "group_by": "kind"})] == [
        {"finding": "task_lost"}
    ]
    assert len(found("finding", {"kinds": ["task_lost"]})) == 31


def test_a_worker_that_crashes_again_and_again_is_one_thing_to_tell() -> None:
    for number in range(3):
        event("worker_crashed", f"w1@a {number}f3e", ago(minutes=number), queues=["designs"], busy=None)
    (sample,) = found("finding", {"kinds": ["worker_crashed"], "group_by": "worker"})
    assert (sample.labels, sample.count) == ({"finding": "worker_crashed", "worker": "w1@a"}, 3)
    assert sample.summary == "w1@a crashed, and was started again"
    assert sample.evidence["queues"] == ["designs"]


def test_an_event_that_was_noted_long_after_it_happened_is_found_from_when_it_was_noted() -> None:
    assert note("task_lost", "id 1", {"task": "shop.pay"}, ago(days=3))
    noted = Finding.objects.get().noted
    assert noted is not None
    assert found("finding", {"kinds": ["task_lost"]}, at=noted)
    Finding.objects.update(noted=None)  # of before there was such a column
    assert not found("finding", {"kinds": ["task_lost"]}, at=noted)


def test_an_event_is_told_of_for_its_window_and_for_as_long_as_nobody_looked() -> None:
    event("task_lost", "id 1", ago(hours=5))
    assert not found("finding", {"kinds": ["task_lost"]})
    assert result("finding", {"kinds": ["task_lost"]}, since=ago(hours=5)).samples


def test_anomalies_of_any_kind_are_found() -> None:
    raise_finding("anomaly_latency", "GET api/carts/", {"expected": 0.1}, NOW)
    event("anomaly_errors", "shop", NOW)
    finding("worker_down", "w1@a", NOW)
    assert {one.labels["finding"] for one in found("anomaly")} == {"anomaly_latency", "anomaly_errors"}
    assert {one.labels["finding"] for one in found("anomaly", {"kinds": ["lat*"]})} == {"anomaly_latency"}


def block(network: str, started: datetime, **values: Any) -> None:
    fixed = {"reason": "6 errors within 10 minutes", "route": "GET api/carts/"}
    Block.objects.create(network=network, prefix=32, started=started, expires=NOW, **fixed | values)


def test_clients_that_the_protection_blocked_are_found_one_by_one_or_together() -> None:
    block("203.0.113.7/32", ago(minutes=2))
    block("203.0.113.8/32", ago(minutes=1))
    block("203.0.113.9/32", ago(minutes=1), withheld="dry_run")
    block("203.0.113.10/32", ago(minutes=1), origin="manual")
    block("203.0.113.11/32", ago(hours=2), ended=ago(hours=1))
    one, _other = sorted(found("client_blocked"), key=lambda sample: sample.labels["network"])
    assert (one.labels, one.event) == ({"network": "203.0.113.7/32"}, True)
    assert one.summary == "203.0.113.7/32: 6 errors within 10 minutes"
    (together,) = found("client_blocked", {"group_by": "all", "threshold": 2}, filters={"route": ["api/carts/"]})
    assert (together.labels, together.count) == ({}, 2)
    assert not found("client_blocked", {"group_by": "route", "threshold": 3})
    assert [one.count for one in found("client_blocked", {"outcome": "withheld"})] == [1]


def circuit(name: str, state: str = "open", **values: Any) -> None:
    fixed = {"service": "shop", "declared": True, "seen": ago(minutes=9), "since": ago(minutes=1), "by": "rates"}
    Circuit.objects.create(name=name, state=state, **fixed | {"reason": "5 of 5 calls failed"} | values)


def test_circuits_that_are_not_closed_are_found_while_code_uses_them() -> None:
    circuit("payments", until=ago(seconds=-30))
    circuit("mails", "half_open", service="desk")
    circuit("stock", "closed")
    circuit("old", seen=ago(minutes=31))
    circuit("unknown", declared=False)
    tried, opened = found("circuit_open")
    assert opened.labels == {"circuit": "payments", "service": "shop"}
    assert (opened.value, opened.event, opened.evidence["by"]) == (60.0, False, "rates")
    assert opened.summary == "The circuit payments of shop is open: 5 of 5 calls failed"
    assert (tried.labels["circuit"], tried.evidence["until"]) == ("mails", None)
    assert tried.summary.startswith("The circuit mails of desk is being tried")
    assert [one.labels["circuit"] for one in found("circuit_open", {"circuits": ["pay*"]})] == ["payments"]
    assert [one.labels["circuit"] for one in found("circuit_open", filters={"service": ["desk"]})] == ["mails"]


def alert(number: int = 0, **values: Any) -> None:
    fixed = {"rule": "mine", "at": ago(minutes=1), "level": "critical", "message": "Look!", "service": "shop"}
    CodeAlert.objects.create(**fixed | {"endpoint": f"GET api/{number}/"} | values)


def test_what_a_condition_in_code_alerted_of_is_told_by_what_it_is_about() -> None:
    alert(1)
    alert(1)
    alert(2)
    alert(3, rule="other")
    alert(4, at=ago(minutes=11))
    samples = found("code", {"rule": "mine"})
    assert sorted((one.labels["route"], one.count, one.summary, one.event) for one in samples) == [
        ("GET api/1/", 2, "Look!", True),
        ("GET api/2/", 1, "Look!", True),
    ]
    assert len(found("code", {"rule": "mine"}, filters={"route": ["api/2*"]})) == 1


def component(name: str, status: str, *, since: datetime, checked: datetime = NOW) -> None:
    ComponentState.objects.create(component=name, status=status, since=since, checked=checked, message="No answer")


def test_components_are_found_by_how_bad_they_are_and_for_how_long() -> None:
    component("database", "unhealthy", since=ago(minutes=2))
    component("disk", "degraded", since=ago(minutes=2))
    component("redis", "healthy", since=ago(minutes=2))
    (sample,) = found("health")
    assert (sample.labels, sample.value) == ({"component": "database"}, 120)
    assert sample.summary == "database is unhealthy: No answer"
    assert len(found("health", {"status": "degraded"})) == 2
    assert not found("health", {"lasting_seconds": 121})
    assert not found("health", {"except_components": ["data*"]})
    assert not found("health", {"components": ["redis"]})


def test_a_component_that_nobody_looks_at_any_more_says_nothing() -> None:
    component("database", "unhealthy", since=ago(days=1), checked=ago(minutes=11))
    assert result("health").missing


def test_a_gauge_is_compared_with_its_latest_value_for_five_minutes() -> None:
    gauge("load", 9, at=ago(seconds=200), shard=0)
    gauge("load", 3, at=ago(seconds=100), shard=1)
    gauge("old", 9, at=ago(seconds=301))
    params = {"names": ["load", "old"], "threshold": 2}
    assert [(one.labels, one.value) for one in found("metric", params)] == [({"metric": "load", "service": "shop"}, 3)]
    assert not found("metric", {**params, "threshold": 3})
    assert found("metric", {**params, "threshold": 3, "comparison": "<="})
    assert not found("metric", params, filters={"service": ["billing"]})


def test_a_counter_is_compared_with_its_growth_in_the_window() -> None:
    counter("orders", 30, minutes_ago=0)
    counter("orders", 12, minutes_ago=5, shard=1)
    counter("orders", 99, minutes_ago=6)
    grown = {"names": ["orders"], "threshold": 0, "measure": "increase"}
    assert [one.value for one in found("metric", grown)] == [42]
    rate = found("metric", {**grown, "measure": "rate"})
    assert rate[0].value == pytest.approx(42 / 330)


def test_a_counter_that_rests_grows_by_nothing_and_one_that_never_was_is_missing() -> None:
    params = {"names": ["orders"], "threshold": 1, "comparison": "<", "measure": "increase"}
    assert result("metric", params).missing
    counter("orders", 30, minutes_ago=60)
    (sample,) = found("metric", params)
    assert (sample.value, sample.summary) == (0, "orders is 0")
