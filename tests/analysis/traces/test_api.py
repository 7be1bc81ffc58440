"""Traces over HTTP: one on its time line, and the list to find one by."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.incidents.models import Incident
from monitoring.analysis.traces import reading
from monitoring.journal.audit import sealing
from monitoring.journal.audit.writing import NewEntry, write
from tests.analysis.traces.rows import MAIL, PAY, REQUEST, TRACE, at, line, order, run, span
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
pytestmark = pytest.mark.django_db


def get(api: Client, trace: str = TRACE) -> Any:
    return api.get(f"/api/monitoring/traces/{trace}/").json()


def listed(api: Client, **asked: Any) -> list[str]:
    return [one["trace_id"][:2] for one in api.get("/api/monitoring/traces/", asked).json()["results"]]


def test_a_request_is_followed_through_its_tasks_and_theirs_across_services(api: Client) -> None:
    order()
    found = get(api)
    assert [(node["name"], node["depth"], node["kind"]) for node in found["spans"]] == [
        ("POST api/orders/", 0, "request"),
        ("GET stock", 1, "client"),
        ("tasks.pay", 1, "task"),
        ("tasks.mail", 2, "task"),
        ("tasks.bill", 2, "task"),
    ]
    root, call, pay, mail, bill = found["spans"]
    assert (root["duration"], root["self_time"], root["status"]) == (2, 1, 202)
    assert root["children"] == [call["id"], pay["id"]]
    assert (mail["span_id"], mail["offset"], mail["adjusted"], mail["failed"]) == (MAIL, 3, 0.5, True)
    assert (bill["state"], bill["duration"], bill["self_time"]) == ("STARTED", None, None)
    assert (found["services"], found["failed"], found["running"], found["cut"]) == (["shop", "web"], True, True, [])
    assert found["duration"] == 7


def test_what_happened_is_shown_by_time_with_what_it_happened_in(api: Client) -> None:
    error = order()
    Incident.objects.create(
        rule_name="errors", key="k", labels={"group": str(error.group_id), "service": "shop"}, severity="high",
        state="firing", started=at(5.5), fired=at(60), last_active=at(60), summary="OSError in tasks.mail",
    )  # fmt: skip
    Incident.objects.create(
        rule_name="others", key="l", labels={"group": "0"}, severity="high", started=at(5), last_active=at(5)
    )
    found = get(api)
    names = {node["id"]: node["name"] for node in found["spans"]}
    assert [(one["kind"], one["name"], one["offset"], names.get(one["span"])) for one in found["events"]] == [
        ("error", "OSError", 5, "tasks.mail"),
        ("slow", "tasks.pay", 6, "tasks.pay"),
        ("incident", "errors", 60, None),
    ]
    assert found["events"][0]["id"] == str(error.error_id)
    assert found["duration"] == 7


def test_entries_of_the_journal_are_shown_whether_or_not_they_are_sealed(api: Client) -> None:
    order()
    told = NewEntry(
        uuid4(), "business", at(4), "shop", action="order.pay", actor="anna", target_id="7", trace_id=TRACE,
        request_id=REQUEST, task_id="pay",
    )  # fmt: skip
    with transaction.atomic():
        write([told], "default")
    pending = get(api)["events"][0]
    assert (pending["kind"], pending["name"], pending["id"]) == ("entry", "order.pay", str(told.entry_id))
    assert pending["about"] == {"stream": "business", "outcome": "success", "actor": "anna", "target_id": "7"}
    sealing.seal("default", at(10))
    sealed = get(api)["events"][0]
    assert sealed["about"].pop("sequence") == 1
    assert sealed == pending


def test_lines_are_shown_in_the_span_in_which_they_were_logged(api: Client) -> None:
    order()
    line(3.5, "charging", span_id=PAY, fields={"amount": 3})
    line(1, "reserved", request_id=REQUEST, level=20)
    found = get(api)
    names = {span["id"]: span["name"] for span in found["spans"]}
    lines = [one for one in found["events"] if one["kind"] == "line"]
    assert [(one["text"], one["level"], names[one["span"]], one["about"]) for one in lines] == [
        ("reserved", "INFO", "POST api/orders/", {}),
        ("charging", "WARNING", "tasks.pay", {"amount": 3}),
    ]


def test_orphans_are_shown_and_said_to_be(api: Client) -> None:
    run(0, 1, span_id=PAY, parent_span_id="9" * 16, request_id="")
    (node,) = get(api)["spans"]
    assert (node["parent"], node["parent_unknown"], node["depth"]) == (None, True, 0)


def test_errors_alone_are_a_trace_too(api: Client) -> None:
    error = order()
    error.trace_id = "cd" * 16
    error.save()
    found = get(api, "cd" * 16)
    assert (found["spans"], [one["kind"] for one in found["events"]], found["failed"]) == ([], ["error"], True)


def test_what_is_cut_is_said(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(reading.MOST, "spans", 2)
    for second in range(3):
        span(second)
    found = get(api)
    assert (len(found["spans"]), found["cut"]) == (2, ["spans"])


def test_a_trace_costs_the_same_queries_however_large_it_is(api: Client) -> None:
    order()
    with CaptureQueriesContext(connection) as few:
        get(api)
    for second in range(30):
        span(second)
        run(second, second + 1)
    with CaptureQueriesContext(connection) as many:
        assert len(get(api)["spans"]) == 65
    assert len(many) == len(few)
    with CaptureQueriesContext(connection) as short:
        listed(api)
    for trace in range(10):
        span(trace, trace_id=f"{trace:032x}")
    with CaptureQueriesContext(connection) as long:
        assert len(listed(api)) == 11
    assert len(long) == len(short)


@pytest.mark.parametrize("trace", ["x", "AB" * 16, "ab" * 17, "é" * 32])
def test_what_is_no_trace_id_is_refused(api: Client, trace: str) -> None:
    assert api.get(f"/api/monitoring/traces/{trace}/").status_code == 400


def test_an_unknown_trace_is_not_found_and_nobody_without_a_token_is_told_anything(api: Client) -> None:
    assert api.get(f"/api/monitoring/traces/{'0' * 32}/").status_code == 404
    for path in (f"/api/monitoring/traces/{TRACE}/", "/api/monitoring/traces/"):
        assert Client().get(path).status_code == 401


def test_traces_are_found_by_what_they_have_to_do_with(api: Client) -> None:
    error = order()
    span(10, trace_id="cd" * 16, request_id="request-2", service="other", name="GET x", failed=True, status=500)
    run(20, 21, trace_id="ef" * 16, request_id="", name="tasks.night", task_id="night")
    assert listed(api) == ["ef", "cd", "ab"]
    assert listed(api, request_id=REQUEST) == ["ab"]
    for task in ("mail", "bill"):
        assert listed(api, task_id=task) == ["ab"]
    assert listed(api, error_id=error.error_id) == ["ab"]
    assert listed(api, name="GET x") == ["cd"]
    assert listed(api, name="tasks.night") == ["ef"]
    assert listed(api, service="other") == ["cd"]
    assert listed(api, errors="true") == ["cd", "ab"]
    assert listed(api, errors="true", service="shop") == ["ab"]
    assert listed(api, **{"from": at(15).isoformat()}) == ["ef"]
    assert listed(api, to=at(15).isoformat()) == ["cd", "ab"]
    assert listed(api, limit=1) == ["ef"]
    assert listed(api, request_id="nobody") == []


def test_enginels_own_tasks_are_left_out_unless_they_failed_or_are_asked_for(api: Client) -> None:
    run(0, 1, name="tasks.intake.drain", trace_id="01" * 16)
    run(1, 2, name="tasks.intake.drain", trace_id="02" * 16, state="FAILURE")
    assert listed(api) == ["02"]
    assert listed(api, internal="true") == listed(api, name="tasks.intake.drain") == ["02", "01"]


def test_a_trace_in_the_list_says_what_it_began_with_and_how_much_there_is_of_it(api: Client) -> None:
    order()
    (one,) = api.get("/api/monitoring/traces/").json()["results"]
    assert (one["name"], one["kind"], one["services"]) == ("POST api/orders/", "request", ["shop", "web"])
    assert (one["spans"], one["tasks"], one["error_count"], one["failed"]) == (2, 2, 1, True)
    assert one["duration"] == 6


@pytest.mark.parametrize(
    "asked",
    [{"errors": "maybe"}, {"error_id": "x"}, {"limit": 0}, {"from": 20, "to": 10}, {"task_id": "a", "request_id": "b"}],
)
def test_a_bad_question_is_refused(api: Client, asked: dict[str, Any]) -> None:
    assert api.get("/api/monitoring/traces/", asked).status_code == 400
