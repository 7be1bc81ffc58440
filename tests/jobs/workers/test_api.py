"""`/api/monitoring/workers/` says who works, also while Redis is away, and forgets the dead."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.workers.models import Worker
from monitoring.stream import heartbeats
from tests.jobs.crew import Crew
from tests.pipeline import client as redis_of
from tests.pipeline import drain_all
from tests.system.platform import wait_until

pytestmark = pytest.mark.usefixtures("redis_client", "unseen")

URL = "/api/monitoring/workers/"


@pytest.fixture
def unseen() -> Iterator[None]:
    sight.forget()
    yield
    sight.forget()


def beat(node: str, **said: Any) -> None:
    heartbeats.send(redis_of(), get_config().stream_prefix, "worker", node, said)
    sight.forget()


def store(node: str, state: str = "up", seconds: float = 1.0, **said: Any) -> Worker:
    seen = datetime.now(UTC) - timedelta(seconds=seconds)
    return Worker.objects.create(node=node, state=state, since=seen, seen=seen, progressed=seen, said=said)


def nodes(api: Client, **query: str) -> list[str]:
    return [worker["node"] for worker in api.get(URL, query).json()["workers"]]


def test_a_real_worker_is_shown_with_all_it_says(api: Client, crew: Crew, settings: Any, tmp_path: Path) -> None:
    settings.MONITORING = {**settings.MONITORING, "FLOWER_URL": "http://flower:5555/"}
    node = crew.start("--pool", "threads", "--concurrency", "3")
    answer = api.get(URL).json()
    (worker,) = answer["workers"]
    assert not answer["stale"]
    assert (worker["node"], worker["state"], worker["pool"], worker["concurrency"]) == (node, "up", "threads", 3)
    assert (worker["queues"], worker["busy"], worker["prefetched"], worker["autoscale"]) == ([crew.queue], 0, 0, None)
    assert worker["rss"] > 10_000_000
    assert worker["age"] < 60
    assert datetime.fromisoformat(worker["started"]) < datetime.now(UTC)
    assert worker["flower"] == f"http://flower:5555/worker/{node.replace('@', '%40')}"
    detail = api.get(f"{URL}{node}/").json()
    assert (detail["active"], detail["processes"], detail["stale"]) == ([], [], False)
    assert detail["pid"] == worker["pid"]
    assert api.delete(f"{URL}{node}/").status_code == 409

    before, end, ran = time.time(), tmp_path / "end", tmp_path / "ran"
    crew.send("wait", str(end), str(ran))
    wait_until(ran.exists, "the task runs")

    def running() -> Any:
        drain_all()
        sight.forget()
        return api.get("/api/monitoring/tasks/running/").json()["tasks"]

    wait_until(lambda: [task["told"] for task in running()] == [True], "the worker says so")
    (task,) = running()
    assert (task["name"], task["queue"], task["worker"]) == ("crew.wait", crew.queue, node)
    (active,) = api.get(f"{URL}{node}/").json()["active"]
    assert active["id"] == task["task_id"]
    assert before - 1 < datetime.fromisoformat(active["started"]).timestamp() < time.time() + 1
    end.touch()
    wait_until(lambda: running() == [], "it is over")
    assert api.get(f"/api/monitoring/tasks/{task['task_id']}/").json()["state"] == "SUCCESS"


def test_workers_can_be_asked_for_by_state_and_queue(api: Client) -> None:
    beat("celery@a", queues=["orders", "mails"])
    beat("celery@b", queues=["mails"])
    beat("celery@c", queues=["orders"], closing=True)
    assert nodes(api) == ["celery@a", "celery@b", "celery@c"]
    assert nodes(api, state="up") == ["celery@a", "celery@b"]
    assert nodes(api, state="left,down") == ["celery@c"]
    assert nodes(api, queue="orders") == ["celery@a", "celery@c"]
    assert nodes(api, queue="orders", state="up") == ["celery@a"]


def test_what_a_worker_is_busy_with_is_shown(api: Client) -> None:
    beat("celery@a", active=[{"id": "1", "name": "shop.pack", "started": time.time() - 5}, "odd", {"id": 7}])
    active = api.get(f"{URL}celery@a/").json()["active"]
    assert [(one["id"], one["name"]) for one in active] == [("1", "shop.pack"), ("", "")]
    assert active[1]["started"] is None


@pytest.mark.parametrize(
    "said",
    [
        {}, {"queues": 5, "active": {}, "processes": "x", "autoscale": [1], "pid": -1, "rss": "y", "started_at": []},
        {"queues": [5, None], "started_at": 1e300, "busy": True, "concurrency": 1e300, "pool": {}, "interval": []},
        {"autoscale": [1, "x"], "rss": 2**200 * 1.0, "started_at": float(2**53)},
    ],
)  # fmt: skip
def test_a_heartbeat_of_another_form_does_no_harm(api: Client, said: dict[str, Any]) -> None:
    beat("celery@odd", **said)
    assert nodes(api) == ["celery@odd"]
    assert api.get(f"{URL}celery@odd/").status_code == 200


@pytest.mark.parametrize(
    ("parameter", "value"), [("state", "dead"), ("state", ""), ("queue", "\0"), ("queue", "x" * 201)]
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert (response.status_code, list(response.json()["errors"])) == (400, [parameter])


@pytest.mark.parametrize("node", ["celery@nobody", "%00", "x" * 300])
@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_worker_nobody_heard_of_is_not_found(api: Client, method: str, node: str) -> None:
    response = getattr(api, method)(f"{URL}{node}/")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


@pytest.fixture(params=["refused", "silent"])
def redis_away(request: Any, settings: Any) -> Iterator[None]:
    """Redis refuses connections, or takes them and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1] if request.param == "silent" else 1
        settings.MONITORING = {**settings.MONITORING, "REDIS_URL": f"redis://127.0.0.1:{port}/0", "ENABLED": False}
        yield


@pytest.mark.usefixtures("redis_away")
def test_while_redis_is_away_workers_are_as_they_were_last_seen(api: Client) -> None:
    store("celery@a", seconds=50, pool="solo", queues=["orders"])
    answer = api.get(URL).json()
    assert answer["stale"]
    (worker,) = answer["workers"]
    assert (worker["pool"], worker["queues"]) == ("solo", ["orders"])
    assert 50 <= worker["age"] < 100
    assert api.get(f"{URL}celery@a/").json()["stale"]
    assert api.delete(f"{URL}celery@a/").status_code == 503
    assert Worker.objects.exists()


def test_a_dead_worker_is_forgotten_and_its_finding_resolved(api: Client) -> None:
    beat("celery@dead", closing=True)
    store("celery@dead", "down")
    findings.raise_finding("worker_down", "celery@dead", {})
    assert api.delete(f"{URL}celery@dead/").status_code == 204
    assert nodes(api) == []
    assert not Worker.objects.exists()
    assert not findings.open_findings().exists()
    assert api.delete(f"{URL}celery@dead/").status_code == 404


def test_many_workers_cost_as_many_queries_as_one(api: Client, settings: Any, django_assert_num_queries: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for number in range(20):
        beat(f"celery@{number}")
    with django_assert_num_queries(2):  # the token, the stored workers
        api.get(URL)


def test_it_is_for_the_staff_alone(client: Client, db: None) -> None:
    assert (
        client.get(URL).status_code
        == client.get(f"{URL}x/").status_code
        == client.delete(f"{URL}x/").status_code
        == 401
    )
