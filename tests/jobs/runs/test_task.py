"""One task, what runs now, and trees, over HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.stream import heartbeats
from tests.jobs.runs.rows import store_run, store_running
from tests.pipeline import client as redis_of

pytestmark = pytest.mark.usefixtures("eager", "fresh_sight")

URL = "/api/monitoring/tasks/"


@pytest.fixture
def fresh_sight(redis_client: Any) -> Any:
    sight.forget()
    yield
    sight.forget()


def beat(node: str, *active: dict[str, Any], **said: Any) -> None:
    heartbeats.send(redis_of(), get_config().stream_prefix, "worker", node, {"active": list(active), **said})
    sight.forget()


def test_a_task_is_shown_with_every_run_that_is_kept(api: Client) -> None:
    for age, state in ((3, "RETRY"), (2, "RETRY"), (1, "SUCCESS")):
        store_run(age, task_id="t", state=state, retries=3 - age)
    answer = api.get(f"{URL}t/").json()
    assert [(run["state"], run["retries"]) for run in answer["runs"]] == [("SUCCESS", 2), ("RETRY", 1), ("RETRY", 0)]
    assert (answer["state"], answer["retries"], answer["running"]) == ("SUCCESS", 2, [])
    assert api.get(answer["tree"]).json()["nodes"][0]["id"] == "t"


def test_a_task_that_runs_is_started(api: Client) -> None:
    store_run(5, task_id="t", state="RETRY")
    store_running(task_id="t")
    answer = api.get(f"{URL}t/").json()
    assert (answer["state"], len(answer["runs"]), len(answer["running"])) == ("STARTED", 1, 1)


@pytest.mark.parametrize("task_id", ["nobody", "%00", "x" * 201, "running%00"])
def test_a_task_of_which_nothing_is_known_is_not_found(api: Client, task_id: str) -> None:
    response = api.get(f"{URL}{task_id}/")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_what_runs_is_shown_with_what_its_worker_says_and_what_is_wrong(api: Client) -> None:
    stuck = store_running(7200, task_id="stuck", queue="orders", worker="celery@dead", late=True)
    store_running(30, task_id="known", worker="celery@shop")
    findings.raise_finding("task_stuck", f"stuck {stuck.began}", {})
    told = time.time() - 10
    beat("celery@shop", {"id": "known", "name": "shop.pack"}, {"id": "new", "name": "shop.new", "started": told})
    beat("celery@dead", {"id": "stuck"}, closing=True)
    answer = api.get(f"{URL}running/").json()
    assert (answer["count"], answer["truncated"], answer["stale"]) == (3, False, False)
    dead, known, new = answer["tasks"]
    assert (dead["task_id"], dead["worker_alive"], dead["told"], dead["late"]) == ("stuck", False, False, True)
    assert (dead["findings"], dead["queue"]) == (["task_stuck"], "orders")
    assert 7200 <= dead["age"] < 7300
    assert (known["task_id"], known["worker_alive"], known["told"]) == ("known", True, True)
    assert (new["task_id"], new["name"], new["late"]) == ("new", "shop.new", None)
    assert 10 <= new["age"] < 100


def test_enginels_own_tasks_that_run_are_left_out_unless_asked_for_or_something_is_wrong(api: Client) -> None:
    own = store_running(90, task_id="own", name="tasks.retention.prune", queue="monitoring")
    store_running(10, task_id="mine")

    def shown(**query: Any) -> list[str]:
        return [task["task_id"] for task in api.get(f"{URL}running/", query).json()["tasks"]]

    assert shown() == ["mine"]
    assert shown(internal="true") == ["own", "mine"]
    assert shown(queue="monitoring") == ["own"]
    findings.raise_finding("task_stuck", f"own {own.began}", {})
    assert shown() == ["own", "mine"]


def test_what_runs_can_be_narrowed_down(api: Client) -> None:
    store_running(100, task_id="a", queue="q", worker="w1")
    store_running(10, task_id="b", name="shop.x")

    def ids(**query: Any) -> list[str]:
        return [task["task_id"] for task in api.get(f"{URL}running/", query).json()["tasks"]]

    assert ids(queue="q") == ids(worker="w1") == ids(min_age="50") == ids(limit="1") == ["a"]
    assert ids(name="shop.x") == ["b"]
    assert api.get(f"{URL}running/", {"limit": 1}).json()["truncated"]


@pytest.mark.parametrize(("parameter", "value"), [("min_age", "nan"), ("limit", "0"), ("name", "\0"), ("queue", "")])
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(f"{URL}running/", {parameter: value})
    assert (response.status_code, list(response.json()["errors"])) == (400, [parameter])


@pytest.mark.parametrize(
    "said",
    [
        {"active": 5}, {"active": [5, {}, {"id": 5}]}, {"active": [{"id": "x", "started": "y", "name": 7}]},
        {"active": [{"id": "x", "started": 1e300}]}, {"interval": "x"},
    ],
)  # fmt: skip
def test_a_heartbeat_of_another_form_does_no_harm(api: Client, said: dict[str, Any]) -> None:
    store_running(task_id="known")
    heartbeats.send(redis_of(), get_config().stream_prefix, "worker", "celery@odd", said)
    assert api.get(f"{URL}running/").status_code == 200


def test_while_redis_is_away_the_rows_are_shown(api: Client, settings: Any) -> None:
    store_running(task_id="known")
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = api.get(f"{URL}running/").json()
    assert (answer["stale"], [task["task_id"] for task in answer["tasks"]]) == (True, ["known"])


REQUEST = {"trace_id": "a" * 32, "request_id": "r1"}


def tree(api: Client, **query: str) -> list[tuple[str, str | None, bool]]:
    answer = api.get(f"{URL}tree/", query)
    assert answer.status_code == 200, answer.content
    return [(node["id"], node["state"], node["kept"]) for node in answer.json()["nodes"]]


@pytest.fixture
def family(db: None) -> None:
    """A request that published `a` and `x`; of what came of `a`, one is running, one lost, and one was not kept."""
    store_run(50, task_id="a", root_id="a", origin="POST api/orders/", **REQUEST)
    store_run(40, task_id="b", root_id="a", parent_id="a", origin="shop.pack", state="FAILURE", **REQUEST)
    store_run(30, task_id="d", root_id="a", parent_id="c", origin="shop.skipped", **REQUEST)
    store_run(20, task_id="lost", root_id="a", parent_id="a", state="LOST", trace_id="a" * 32)
    store_run(10, task_id="x", root_id="x", origin="POST api/orders/", **REQUEST)
    store_run(10, task_id="y", root_id="y", origin="GET other/", trace_id="a" * 32, request_id="r2")
    store_running(5, task_id="e", root_id="a", parent_id="b", trace_id="a" * 32)


BRANCH = [
    ("a", "SUCCESS", True), ("c", None, False), ("d", "SUCCESS", True), ("b", "FAILURE", True), ("e", "STARTED", True),
    ("lost", "LOST", True),
]  # fmt: skip
WHOLE = [("request:r1", None, True), *BRANCH, ("x", "SUCCESS", True)]


@pytest.mark.usefixtures("family")
def test_a_tree_can_be_asked_for_by_any_of_its_ids(api: Client) -> None:
    assert tree(api, task_id="a") == tree(api, task_id="d") == tree(api, request_id="r1") == WHOLE
    assert tree(api, root_id="a") == [WHOLE[0], *BRANCH]
    assert tree(api, trace_id="a" * 32) == [*WHOLE, ("request:r2", None, True), ("y", "SUCCESS", True)]
    assert ("e", "STARTED", True) in tree(api, task_id="e")


def test_tasks_without_a_trace_are_found_by_their_root(api: Client) -> None:
    store_run(2, task_id="a", root_id="a")
    store_run(1, task_id="b", root_id="a", parent_id="a")
    assert tree(api, task_id="b") == tree(api, task_id="a") == [("a", "SUCCESS", True), ("b", "SUCCESS", True)]


def test_a_root_that_was_lost_without_a_trace_is_in_its_tree(api: Client) -> None:
    store_run(2, task_id="a", root_id="a", state="LOST")
    store_run(1, task_id="b", root_id="a", parent_id="a", **REQUEST)
    assert tree(api, task_id="b") == [("a", "LOST", True), ("b", "SUCCESS", True)]


def test_a_task_that_was_not_kept_is_found_by_what_came_of_it(api: Client) -> None:
    store_run(task_id="b", root_id="gone", parent_id="gone")
    assert tree(api, task_id="gone") == [("gone", None, False), ("b", "SUCCESS", True)]


@pytest.mark.parametrize(
    "query", [{}, {"task_id": "a", "root_id": "a"}, {"task_id": ""}, {"trace_id": "\0"}, {"x": "y"}]
)
def test_exactly_one_id_is_asked_for(api: Client, query: dict[str, str]) -> None:
    assert api.get(f"{URL}tree/", query).status_code == 400


@pytest.mark.parametrize("key", ["task_id", "root_id", "trace_id", "request_id"])
def test_what_nobody_knows_has_no_tree(api: Client, key: str) -> None:
    assert api.get(f"{URL}tree/", {key: "nobody"}).status_code == 404


@pytest.mark.parametrize(("key", "count"), [("task_id", 5), ("root_id", 3), ("trace_id", 3), ("request_id", 4)])
def test_a_tree_costs_few_queries(
    api: Client, settings: Any, django_assert_num_queries: Any, key: str, count: int
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for number in range(30):
        store_run(root_id="a", parent_id="a" if number else "", task_id=f"{number}" if number else "a", **REQUEST)
    value = {"task_id": "a", "root_id": "a", "trace_id": "a" * 32, "request_id": "r1"}[key]
    with django_assert_num_queries(count):
        api.get(f"{URL}tree/", {key: value})


def test_what_runs_and_one_task_cost_few_queries(api: Client, settings: Any, django_assert_num_queries: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for number in range(30):
        store_running(task_id=f"{number}")
        store_run(task_id="0")
    with django_assert_num_queries(4):  # the token, what runs, workers, findings
        api.get(f"{URL}running/")
    with django_assert_num_queries(5):
        api.get(f"{URL}0/")
