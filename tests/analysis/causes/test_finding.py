from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.analysis.causes import finding
from monitoring.errors.log.models import ErrorLog
from monitoring.health.models import ComponentChange
from monitoring.jobs.findings import Finding
from monitoring.jobs.runs.models import TaskRun
from monitoring.performance.models import SlowSample
from monitoring.protection.circuits.models import Circuit, CircuitChange
from monitoring.storage import partitions
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TRACE, REQUEST, TASK = "ab" * 16, "cd" * 16, "0e8b3c1a-task"


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def error(seconds: float, **values: Any) -> ErrorLog:
    return ErrorLog.objects.create(**{"created": at(seconds), "service": "shop", "trace_id": TRACE, **values})


def checkout() -> ErrorLog:
    """A request whose task could not reach the payments; the request is answered with 500 for that."""
    run = TaskRun(
        start=int(T0.timestamp() // 60), began=at(1), ended=at(4), service="shop", name="tasks.pay.charge",
        state="FAILURE", reason="failure", task_id=TASK, trace_id=TRACE, request_id=REQUEST,
        origin="POST api/checkout/",
    )  # fmt: skip
    partitions.ensure(connection, TaskRun, [run.start])
    run.save()
    SlowSample.objects.create(
        at=at(4), kind="task", service="shop", name="tasks.pay.charge", duration=3, trace_id=TRACE,
        context={"task_id": TASK, "trace_id": TRACE},
    )  # fmt: skip
    error(
        4, task_id=TASK, request_id=REQUEST, name="tasks.pay.charge", error_type="TimeoutError",
        exception_type="requests.exceptions.ReadTimeout", context={"dependency": "payments"},
        crumbs=[[1, "info", "shop", "charging"], [2, "query", "default", "SELECT 1 FROM orders"]],
    )  # fmt: skip
    return error(5, request_id=REQUEST, method="POST", name="POST api/checkout/", error_type="CheckoutError")


def test_a_failed_request_is_followed_through_its_task_to_the_dependency() -> None:
    asked = checkout()
    circuit = Circuit.objects.create(service="shop", name="payments", seen=T0, since=T0)
    CircuitChange.objects.create(circuit=circuit, at=at(-60), state="open", reason="9 of 10 calls failed")
    error(-120, trace_id="", name="GET api/plans/", context={"dependency": "payments"})
    error(-180, trace_id="", name="GET api/home/", error_type="ValueError")

    found = finding.of(asked.error_id)
    assert found is not None
    assert (found.first_failing.kind, found.first_failing.name) == ("dependency", "payments")
    assert found.first_failing.at == at(-120)
    assert found.first_failing.words == (
        "payments failed first: TimeoutError in tasks.pay.charge came of it; "
        "other errors of it occurred in GET api/plans/ since 2 minutes before; "
        "its circuit was open (9 of 10 calls failed) since 65 seconds before"
    )
    told = [(link.kind.value, link.name, link.failed) for link in found.chain]
    assert told == [
        ("request", "POST api/checkout/", False),
        ("task", "tasks.pay.charge", True),
        ("error", "TimeoutError", True),
        ("query", "default", False),
        ("dependency", "payments", True),
        ("slow", "tasks.pay.charge", False),
        ("error", "CheckoutError", True),
    ]
    assert not found.truncated


def test_health_and_findings_of_the_time_are_clues_and_what_was_over_before_is_none() -> None:
    ComponentChange.objects.create(component="database", status="unhealthy", at=at(-600))
    ComponentChange.objects.create(component="database", status="healthy", at=at(-500))
    ComponentChange.objects.create(component="redis", status="degraded", at=at(-50))
    ComponentChange.objects.create(component="redis", status="unhealthy", at=at(-40))
    ComponentChange.objects.create(component="redis", status="healthy", at=at(40))
    Finding.objects.create(kind="worker_down", subject="celery@a", opened=at(-30))
    Finding.objects.create(kind="worker_down", subject="celery@b", opened=at(-300), closed=at(-200))
    asked = error(0, name="GET api/cart/", error_type="KeyError", method="GET")

    found = finding.of(asked.error_id)
    assert found is not None
    assert [(one.source, one.name, one.at, one.until) for one in found.clues] == [
        ("health", "redis", at(-50), at(40)),
        ("finding", "celery@a", at(-30), None),
    ]
    assert (found.first_failing.kind, found.first_failing.name, found.first_failing.by) == (
        "component",
        "redis",
        "time",
    )
    assert [link.kind for link in found.chain] == ["request", "error"]


def test_what_failed_later_in_the_trace_is_not_the_cause() -> None:
    asked = error(0, name="GET api/cart/", error_type="KeyError")
    error(30, name="tasks.pay.charge", context={"dependency": "payments"})

    found = finding.of(asked.error_id)
    assert found is not None
    assert found.first_failing.kind == "code"
    assert len(found.chain) == 3


def test_what_it_costs_does_not_grow_with_the_trace() -> None:
    asked = checkout()

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            found = finding.of(asked.error_id)
        assert found is not None
        return len(queries), len(found.chain)

    before, _ = cost()
    ErrorLog.objects.bulk_create(
        ErrorLog(created=at(6), service="shop", trace_id=TRACE, task_id=uuid4().hex, context={"dependency": "payments"})
        for _ in range(300)
    )
    after, links = cost()
    assert after == before
    assert before <= 12
    assert links <= 200 + 10


def test_over_http_an_error_has_its_causes_or_is_unknown(api: Client) -> None:
    asked = checkout()
    answer = api.get(f"/api/monitoring/analysis/causes/{asked.error_id}/").json()

    assert answer["first_failing"]["name"] == "payments"
    assert answer["trace_id"] == TRACE
    assert set(answer["chain"][0]) == {"id", "kind", "name", "at", "parent", "failed", "text"}
    assert api.get(f"/api/monitoring/analysis/causes/{uuid4()}/").status_code == 404
    assert Client().get(f"/api/monitoring/analysis/causes/{asked.error_id}/").status_code == 401
