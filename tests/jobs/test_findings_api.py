"""`/api/monitoring/findings/` lists what is wrong with jobs, and what was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.jobs import findings
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]

pytestmark = pytest.mark.django_db

URL = "/api/monitoring/findings/"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def found() -> None:
    findings.raise_finding("worker_down", "celery@a", {"pid": 7}, NOON)
    findings.raise_finding("worker_down", "celery@b", {}, NOON - timedelta(hours=1))
    findings.resolve("worker_down", "celery@b", NOON)
    findings.note("task_lost", "t 1", {"task": "shop.pack"}, NOON - timedelta(minutes=1))


def subjects(api: Client, **query: Any) -> list[str]:
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [row["subject"] for row in answer.json()["results"]]


@pytest.mark.usefixtures("found")
def test_findings_are_shown_the_newest_first(api: Client) -> None:
    down, lost, past = api.get(URL).json()["results"]
    assert (down["kind"], down["detail"], down["closed"], down["event"]) == ("worker_down", {"pid": 7}, None, False)
    assert (lost["kind"], lost["event"], lost["closed"]) == ("task_lost", True, lost["opened"])
    assert past["subject"] == "celery@b"


@pytest.mark.usefixtures("found")
def test_the_list_can_be_narrowed_down(api: Client) -> None:
    assert subjects(api, kind="worker_down") == ["celery@a", "celery@b"]
    assert subjects(api, kind="task_lost,beat_dead") == ["t 1"]
    assert subjects(api, open="true") == ["celery@a"]
    assert subjects(api, open="false") == ["t 1", "celery@b"]
    assert subjects(api, subject="celery@b") == ["celery@b"]
    assert subjects(api, since="2026-11-22T11:30:00Z") == subjects(api, limit=2) == ["celery@a", "t 1"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("kind", "x"),
        ("kind", "\0"),
        ("open", "yes"),
        ("since", "x"),
        ("subject", "\0"),
        ("cursor", "x"),
        ("limit", "0"),
    ],
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert (response.status_code, list(response.json()["errors"])) == (400, [parameter])


def test_a_long_list_costs_one_query(api: Client, settings: Any, django_assert_num_queries: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for number in range(20):
        findings.note("task_lost", str(number), {})
    with django_assert_num_queries(2):  # the token, and the page
        api.get(URL)


def test_it_is_for_the_staff_alone(client: Client) -> None:
    assert client.get(URL).status_code == 401


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("page", ["worker", "finding"])
def test_admin_pages_show_and_change_nothing(client: Client, admin: Any, page: str) -> None:
    client.force_login(admin)
    assert client.get(f"/admin/monitoring/{page}/?q=celery").status_code == 200
    assert client.get(f"/admin/monitoring/{page}/add/").status_code == 403
