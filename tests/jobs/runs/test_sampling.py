"""`/api/monitoring/tasks/sampling/` says which share of the successes is kept."""

from __future__ import annotations

import time
from typing import Any

import pytest
from celery import Celery
from celery.app.trace import build_tracer
from django.test import Client

from monitoring.metrics import MetricsCollector
from tests.jobs.runs.rows import store_run

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/tasks/sampling/"


@pytest.fixture
def ran(eager: None, settings: Any) -> None:
    """Run one task 12 times, one that is named like a counter once, and one that fails."""
    settings.MONITORING = {**settings.MONITORING, "SAMPLED_RUNS_PER_MINUTE": 3}
    app = Celery("sampling", broker="memory://", set_as_current=False)
    for name, count in (("shop.often", 12), ("total", 1), ("shop.broken", 1)):
        task = app.task(name=name)(fail if name == "shop.broken" else nothing)
        trace = build_tracer(name, task, app=app, propagate=False)
        for number in range(count):
            task_id = f"{name}-{number}"
            trace(task_id, [], {}, {"id": task_id, "retries": 0, "is_eager": False, "delivery_info": {}})
    app.close()


def nothing() -> None:
    """Do nothing, as a task."""


def fail() -> None:
    raise LookupError


@pytest.mark.usefixtures("ran")
def test_enginels_own_tasks_are_left_out_unless_they_are_asked_for(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "INTERNAL_TASKS": ["shop."]}
    assert [task["name"] for task in api.get(URL).json()["tasks"]] == ["total"]
    assert [task["name"] for task in api.get(URL, {"internal": "true"}).json()["tasks"]] == ["shop.often", "total"]


@pytest.mark.usefixtures("ran")
def test_kept_successes_are_set_against_those_there_were(api: Client) -> None:
    MetricsCollector.track_celery_task(task_name="by hand", duration=1.0, status="SUCCESS")
    answer = api.get(URL).json()
    assert answer["minutes"] == 60
    often, total = answer["tasks"]
    assert (often["name"], often["succeeded"], total["name"], total["succeeded"]) == ("shop.often", 12, "total", 1)
    assert 3 <= often["kept"] <= 6  # a minute may have ended meanwhile
    assert often["share"] == often["kept"] / 12
    assert (total["kept"], total["share"]) == (1, 1.0)


@pytest.mark.usefixtures("ran")
def test_there_are_never_more_kept_than_there_were(api: Client) -> None:
    store_run(name="total")
    assert {task["name"]: task["share"] for task in api.get(URL, {"minutes": 1440}).json()["tasks"]}["total"] == 1.0


def test_without_tasks_the_list_is_empty(api: Client) -> None:
    store_run(ago=time.time() % 60 + 120)
    assert api.get(URL, {"minutes": 1}).json() == {"minutes": 1, "tasks": []}


@pytest.mark.parametrize(
    ("parameter", "value"), [("minutes", "0"), ("minutes", "1441"), ("minutes", "x"), ("limit", "0")]
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert (response.status_code, list(response.json()["errors"])) == (400, [parameter])


@pytest.mark.usefixtures("ran")
def test_it_costs_five_queries(api: Client, settings: Any, django_assert_num_queries: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    with django_assert_num_queries(5):  # the token, runs, counters, their names, the names of tasks
        api.get(URL)
