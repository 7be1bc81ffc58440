"""Parts of traces as rows: from a request to the database, and out of it when their time is up."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from monitoring.analysis.traces import reading
from monitoring.conf import Config
from monitoring.performance import PerformanceMonitor
from monitoring.performance.spans import retention
from monitoring.performance.spans.consume import consume
from monitoring.performance.spans.models import TraceSpan
from monitoring.storage import partitions
from monitoring.storage.folding import Fact, Scope

TRACE, SPAN = "a" * 32, "b" * 16


def order(_request: HttpRequest) -> HttpResponse:
    with PerformanceMonitor.track_duration("reserve"):
        return HttpResponse("reserved")


urlpatterns = [path("orders/", order)]


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("eager")
def test_a_request_of_a_kept_trace_is_stored_with_its_operations(settings: Any) -> None:
    settings.MIDDLEWARE = ["monitoring.recording.middleware.MonitoringMiddleware"]
    Client(headers={"traceparent": f"00-{TRACE}-{SPAN}-00"}).get("/orders/")
    assert not TraceSpan.objects.exists()
    Client(headers={"traceparent": f"00-{TRACE}-{SPAN}-01", "x-request-id": "r-1"}).get("/orders/")
    request, operation = TraceSpan.objects.order_by("-kind")
    assert (request.name, request.parent_span_id, request.status) == ("GET orders/", SPAN, 200)
    assert (operation.name, operation.parent_span_id) == ("reserve", request.span_id)
    assert {row.request_id for row in (request, operation)} == {"r-1"}
    assert operation.at <= datetime.now(UTC)
    trace = reading.read(TRACE)
    assert trace is not None
    assert [(node.depth, node.parent_unknown, node.adjusted) for node in trace.nodes] == [(0, True, 0), (1, False, 0)]


def fact(**values: Any) -> Fact:
    whole = {"of": "client", "name": "GET x", "duration": 1, "trace": TRACE, "span": SPAN, "about": {}}
    return Fact("span", "shop", round(time.time() * 1000), {**whole, **values}, {})


@pytest.mark.django_db
def test_what_a_stranger_sends_as_a_span_is_bounded_or_left_out() -> None:
    scope = Scope(connection, 0, "facts", round(time.time() * 1000), 10, 10, 10)
    odd = [
        fact(trace="x" * 32), fact(trace=None), fact(span="B" * 16), fact(of="task"), fact(duration="1"),
        fact(duration=None),
    ]  # fmt: skip
    bounded = fact(
        name="n" * 900, duration=2**63, status=10**9, parent=7, failed="yes", microsecond=-1,
        about={"request_id": "r" * 99, "task_id": 5, "host": "h"},
    )  # fmt: skip
    for write in consume({}, {"span": [*odd, bounded]}, scope):
        write()
    (row,) = TraceSpan.objects.all()
    assert (len(row.name), row.status, row.parent_span_id, row.failed) == (200, 0, "", False)
    assert (len(row.request_id), row.task_id, row.about) == (64, "", {"host": "h"})
    assert row.duration == 400 * 86_400
    assert consume({}, {"span": odd}, scope) == []


@pytest.mark.django_db
def test_spans_are_dropped_when_their_time_is_up() -> None:
    now = int(time.time() // 60)
    for days in (0, 13, 16):
        start = now - days * 24 * 60
        partitions.ensure(connection, TraceSpan, [start])
        TraceSpan(
            start=start, at=datetime.fromtimestamp(start * 60, UTC), duration=1, kind="request", service="shop",
            name=f"{days}", trace_id=TRACE, span_id=SPAN,
        ).save(force_insert=True)  # fmt: skip
    retention.prune(Config(span_retention_days=14))
    assert set(TraceSpan.objects.values_list("name", flat=True)) == {"0", "13"}
    retention.prepare()
