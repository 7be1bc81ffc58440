"""`/api/monitoring/tasks/` lists the runs that are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.jobs.runs.filters import DEFAULT_WINDOW, narrowed
from tests.jobs.runs.rows import store_run, store_runs

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/tasks/"
DAY = 86_400


def ids(api: Client, **query: Any) -> list[str]:
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [row["task_id"] for row in answer.json()["results"]]


def test_a_run_is_shown_with_all_that_is_known(api: Client) -> None:
    run = store_run(
        task_id="t1", state="FAILURE", reason="failure", queue="orders", worker="celery@shop", pid=7, wait=0.5,
        retries=2, exception="KeyError", message="'x'", parent_id="p", root_id="r", group_id="g", trace_id="a" * 32,
        request_id="q", user_id="5", origin="shop.all", periodic="nightly", arguments="1",
    )  # fmt: skip
    answer = api.get(URL).json()
    assert (answer["next"], answer["previous"]) == (None, None)
    (shown,) = answer["results"]
    assert datetime.fromisoformat(shown.pop("ended")) == run.ended
    assert datetime.fromisoformat(shown.pop("began")) == run.began
    assert shown == {
        "id": str(run.id), "task_id": "t1", "name": "shop.pack", "service": "shop", "state": "FAILURE",
        "reason": "failure", "queue": "orders", "worker": "celery@shop", "pid": 7, "duration": 1.0, "wait": 0.5,
        "retries": 2, "exception": "KeyError", "message": "'x'", "parent_id": "p", "root_id": "r", "group_id": "g",
        "trace_id": "a" * 32, "request_id": "q", "user_id": "5", "origin": "shop.all", "periodic": "nightly",
        "arguments": "1",
    }  # fmt: skip


def test_what_went_well_of_enginels_own_tasks_is_left_out_unless_it_is_asked_for(api: Client) -> None:
    store_run(task_id="mine")
    store_run(task_id="own", name="tasks.performance.roll_up", queue="monitoring", trace_id="a" * 32)
    store_run(task_id="failed", name="tasks.retention.prune", state="FAILURE")
    store_run(task_id="host", name="tasks.designs.bom_extraction")
    assert set(ids(api)) == {"mine", "failed", "host"}
    assert set(ids(api, internal="true")) == {"mine", "own", "failed", "host"}
    for asked in ({"name": "tasks.performance.roll_up"}, {"queue": "monitoring"}, {"trace_id": "a" * 32}):
        assert ids(api, **asked) == ["own"]
        assert ids(api, **asked, internal="false") == []


def test_what_belongs_to_the_platform_is_a_setting(api: Client, settings: Any) -> None:
    store_run(task_id="own", name="tasks.performance.roll_up")
    for chosen, shown in (([], ["own"]), (["tasks.perf"], [])):
        settings.MONITORING = {**settings.MONITORING, "INTERNAL_TASKS": chosen}
        assert ids(api) == shown


def test_runs_that_ended_at_once_are_each_shown_once_over_pages(api: Client) -> None:
    stored = {run.task_id for run in store_runs(7)} | {store_run(5).task_id}
    link, found = f"{URL}?limit=3", []
    while link:
        answer = api.get(link).json()
        found += [row["task_id"] for row in answer["results"]]
        link = answer["next"]
    assert len(found) == 8
    assert set(found) == stored


@pytest.mark.parametrize(
    "column", ["name", "queue", "worker", "reason", "exception", "periodic", "trace_id", "root_id"]
)
def test_a_value_narrows_the_list_down(api: Client, column: str) -> None:
    run, _ = store_run(**{column: "wanted"}), store_run(**{column: "other"})
    assert ids(api, **{column: "wanted"}) == [run.task_id]
    assert ids(api, **{column: "nobody"}) == []


def test_states_durations_and_ids_narrow_it_down(api: Client) -> None:
    lost, failed, fine = (
        store_run(3, state="LOST", duration=None),
        store_run(2, state="FAILURE", duration=9),
        store_run(1),
    )
    assert ids(api, state="LOST,FAILURE") == [failed.task_id, lost.task_id]
    assert ids(api, min_duration="1.5") == [failed.task_id]
    assert ids(api, task_id=fine.task_id) == [fine.task_id]


def test_a_window_is_given_as_text_or_in_seconds(api: Client) -> None:
    old, new = store_run(100), store_run(10)
    between = datetime.now(UTC) - timedelta(seconds=50)
    assert ids(api, since=between.isoformat()) == ids(api, since=str(between.timestamp())) == [new.task_id]
    assert ids(api, until=between.strftime("%Y-%m-%dT%H:%M:%SZ")) == [old.task_id]


def test_a_day_is_shown_unless_asked_otherwise_or_for_one_thing(api: Client) -> None:
    old = store_run(2 * DAY, trace_id="t", root_id="r")
    new = store_run()
    assert ids(api) == [new.task_id]
    assert ids(api, since="0") == [new.task_id, old.task_id]
    assert ids(api, trace_id="t") == ids(api, root_id="r") == ids(api, task_id=old.task_id) == [old.task_id]
    assert ids(api, until=str(old.ended.timestamp() + 1)) == [old.task_id]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="partitions are PostgreSQL's")
def test_partitions_outside_of_the_window_are_not_read(db: None) -> None:
    for days in range(5):
        store_run(days * DAY)
    read = narrowed({}).order_by("-ended", "-id").explain()
    all_of_it = narrowed({"since": datetime.fromtimestamp(0, UTC)}).order_by("-ended", "-id").explain()
    assert all_of_it.count("Scan") >= 5
    assert read.count("Scan") <= 2 * 2  # an index and its heap, of today and yesterday
    assert timedelta(days=1) == DEFAULT_WINDOW


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("state", "DONE"), ("state", ""), ("state", "SUCCESS,"), ("state", "\0"), ("state", "X" * 501), ("name", ""),
        ("name", "\0"), ("name", "x" * 201), ("queue", "\0"), ("worker", "x" * 201), ("reason", "x" * 21),
        ("exception", "\0"), ("periodic", "\0"), ("task_id", "\0"), ("root_id", "x" * 201), ("trace_id", "x" * 33),
        ("min_duration", "x"), ("min_duration", "-1"), ("min_duration", "nan"), ("min_duration", "inf"),
        ("min_duration", "1_0"), ("min_duration", "1e400"), ("since", "x"), ("since", ""), ("since", "-1"),
        ("since", "1e9"), ("since", "99999999999"), ("since", "0001-01-01T00:00:00+14:00"), ("since", "2026-13-01"),
        ("until", "9999-12-31T23:59:59Z"), ("until", "\0"), ("until", "nan"), ("limit", "0"), ("limit", "501"),
        ("cursor", "x"), ("cursor", "\0"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    store_run()
    response = api.get(URL, {parameter: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [parameter]
    assert response["Content-Type"] == "application/problem+json"


def test_a_window_that_ends_before_it_begins_is_refused(api: Client) -> None:
    response = api.get(URL, {"since": "1000", "until": "999"})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["until"])


def test_a_long_list_costs_as_many_queries_as_a_short_one(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    counted = []
    for count in (1, 30):
        store_runs(count)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            api.get(URL)
        counted.append(len(queries))
    assert counted == [2, 2]  # the token, and the page


@pytest.mark.parametrize("path", ["", "running/", "tree/?task_id=x", "x/"])
def test_it_is_for_the_staff_alone(client: Client, path: str) -> None:
    assert client.get(URL + path).status_code == 401
