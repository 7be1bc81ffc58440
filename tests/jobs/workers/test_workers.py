"""Who lives, who died and who hangs, told by real workers."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.runs.models import RunningTask
from monitoring.jobs.watch import watch
from monitoring.jobs.workers.models import Worker
from monitoring.jobs.workers.reader import workers
from monitoring.stream import heartbeats
from tests.jobs.crew import Crew
from tests.pipeline import client, drain_all
from tests.system.platform import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.system]


def look() -> None:
    drain_all()
    sight.forget()
    assert watch(get_config()) == []


def state(node: str) -> str:
    look()
    return Worker.objects.get(node=node).state


def test_a_killed_worker_is_down_within_three_intervals_and_up_again_when_it_is_back(crew: Crew) -> None:
    node = crew.start("--pool", "prefork", "--concurrency", "2")
    assert state(node) == "up"
    said = crew.heartbeat(node).state
    assert (said["pool"], said["concurrency"], said["queues"], len(said["processes"])) == (
        "prefork",
        2,
        [crew.queue],
        2,
    )
    assert said["rss"] > 50_000_000
    crew.kill()
    wait_until(lambda: state(node) == "down", "it is down")
    assert 0.9 <= crew.heartbeat(node).age < 30
    finding = findings.open_findings("worker_down").get()
    assert (finding.subject, finding.detail["queues"]) == (node, [crew.queue])
    views, stale = workers()
    assert [(view.node, view.state) for view in views] == [(node, "down")]
    assert not stale
    crew.start("--pool", "prefork", "--concurrency", "2")
    assert state(node) == "up"
    assert not findings.open_findings("worker_down").exists()


def test_a_worker_that_finishes_nothing_while_its_queue_grows_is_wedged(crew: Crew, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "WEDGED_SECONDS": 0.5}
    node = crew.start("--pool", "prefork", "--concurrency", "1")
    _, until, _ = crew.begin("wait")
    crew.send("ok")
    assert state(node) == "up"

    def grows() -> bool:
        crew.send("ok")
        return state(node) == "wedged"

    wait_until(grows, "it is wedged")
    assert findings.open_findings("worker_wedged").get().subject == node
    assert [view.state for view in workers()[0]] == ["wedged"]
    until.touch()
    wait_until(lambda: state(node) == "up", "it works again")
    assert not findings.open_findings("worker_wedged").exists()


def test_a_long_task_is_stuck_from_its_limit_on_and_not_lost(crew: Crew, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "STUCK_TASK_SECONDS": {"crew.wait": 0.1}}
    crew.start("--pool", "threads", "--concurrency", "2")
    task_id, until, _ = crew.begin("wait")
    wait_until(lambda: (look(), findings.open_findings("task_stuck").exists())[1], "it is stuck")
    stuck = findings.open_findings("task_stuck").get()
    assert (stuck.detail["task_id"], stuck.detail["task"]) == (task_id, "crew.wait")
    until.touch()
    wait_until(lambda: (look(), not findings.open_findings("task_stuck").exists())[1], "it has ended")
    assert not RunningTask.objects.exists()
    assert findings.totals()["task_lost"] == 0


def test_a_gevent_worker_says_that_it_lives_while_its_tasks_run(crew: Crew) -> None:
    node = crew.start("--pool", "gevent", "--concurrency", "10")
    task_id, until, _ = crew.begin("wait")
    wait_until(lambda: crew.heartbeat(node).state["busy"] == 1, "it says that it is busy")
    said = crew.heartbeat(node).state
    assert (said["pool"], said["active"][0]["id"]) == ("gevent", task_id)
    until.touch()
    wait_until(lambda: crew.heartbeat(node).state["finished"] == 1, "it says that it has finished")
    crew.workers[0].send_signal(signal.SIGTERM)
    crew.workers[0].wait(30)
    assert state(node) == "left"


def test_what_stands_among_the_heartbeats_and_is_none_is_left_out() -> None:
    config = get_config()
    heartbeats.send(client(), config.stream_prefix, "worker", "good@test", {"pool": "solo"})
    client().zadd(f"{config.stream_prefix}:heartbeats", {"nonsense": 1e15, "worker::bad@test": 1, b"\xff:x": 2})
    client().hset(f"{config.stream_prefix}:heartbeats:state", "worker::bad@test", "[1")
    assert [one.node for one in heartbeats.read(client(), config.stream_prefix)] == ["good@test"]
    heartbeats.forget(client(), config.stream_prefix, "worker", "good@test")
    assert heartbeats.read(client(), config.stream_prefix) == []


def test_a_heartbeat_with_odd_values_stops_nobody(redis_client: Any) -> None:
    odd = {"queues": 7, "finished": "many", "started_at": None, "interval": -1, "active": {"a": 1}}
    heartbeats.send(client(), get_config().stream_prefix, "worker", "odd@test" * 50, odd)
    heartbeats.send(client(), get_config().stream_prefix, "worker", "even@test", {})
    look()
    assert Worker.objects.count() == 2
