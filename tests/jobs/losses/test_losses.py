"""What Enginel says of every way in which a task can end, with real workers that are really killed."""

from __future__ import annotations

import signal
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.runs.models import RunningTask, TaskRun
from monitoring.jobs.watch import watch
from monitoring.recording import node
from monitoring.recording.events import Started, Task, TaskState
from monitoring.recording.recorder import recorder
from monitoring.stream import heartbeats
from tests.jobs.crew import Crew
from tests.pipeline import client, drain_all
from tests.system.platform import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.system]


def settle(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Take in and watch, as the platform does, until a condition holds."""

    def look() -> object:
        drain_all()
        sight.forget()
        assert watch(get_config()) == []
        return condition()

    wait_until(look, what, seconds, lambda: [*TaskRun.objects.values(), *RunningTask.objects.values()])


def runs(task_id: str) -> list[tuple[str, str]]:
    rows = TaskRun.objects.filter(task_id=task_id).order_by("ended")
    return list(rows.values_list("state", "reason"))


def noted(kind: str) -> list[dict[str, Any]]:
    return list(findings.Finding.objects.filter(kind=kind).values_list("detail", flat=True))


def test_every_way_of_ending_is_told_by_its_name(crew: Crew) -> None:
    node = crew.start("--pool", "prefork", "--concurrency", "1")
    ended = {
        "fail": [("FAILURE", "failure")],
        "retry": [("RETRY", "retry"), ("FAILURE", "failure")],
        "reject": [("REJECTED", "rejected")],
        "ignore": [("IGNORED", "ignored")],
        "soft": [("FAILURE", "failure")],
        "hard": [("FAILURE", "time limit")],
        "kill": [("FAILURE", "killed")],
        "exit": [("FAILURE", "killed")],
        "nowhere": [("REJECTED", "unknown task")],
        "ok": [("SUCCESS", "sample")],
    }
    ids = {name: crew.send(name) for name in ended}
    late = crew.send("ok", expires=datetime.now(UTC) - timedelta(minutes=1))
    settle(lambda: all(len(runs(ids[name])) >= len(ways) for name, ways in ended.items()), "every task ended")
    assert {name: runs(task_id) for name, task_id in ids.items()} == ended
    settle(lambda: runs(late) == [("REVOKED", "expired")], "the late one has expired")
    settle(lambda: not RunningTask.objects.exists(), "nothing runs")
    assert {detail["task"] for detail in noted("task_killed")} == {"crew.hard", "crew.kill", "crew.exit"}
    assert noted("task_lost") == []
    killed = TaskRun.objects.get(task_id=ids["kill"])
    assert (killed.exception, killed.worker, killed.queue) == ("WorkerLostError", node, crew.queue)
    assert TaskRun.objects.get(task_id=ids["hard"]).duration == 1.0
    assert TaskRun.objects.get(task_id=ids["soft"]).exception == "SoftTimeLimitExceeded"


def test_each_kill_of_a_task_that_runs_again_is_told(crew: Crew) -> None:
    """A poison message takes one process after the other."""
    crew.start("--pool", "prefork", "--concurrency", "1")
    twice = "the-same-id"
    ended = {
        crew.send("kill_back", str(crew.folder / "kills")): [("RETRY", "killed")] * 3 + [("SUCCESS", "sample")],
        crew.send("kill_again"): [("RETRY", "killed"), ("FAILURE", "killed")],
        crew.send("hard_back", str(crew.folder / "limits")): [("RETRY", "time limit")] * 2 + [("SUCCESS", "sample")],
        crew.send("kill", task_id=twice): [("FAILURE", "killed")] * 2,
        crew.send("kill", task_id=twice): [("FAILURE", "killed")] * 2,
    }
    settle(lambda: all(len(runs(task_id)) >= len(ways) for task_id, ways in ended.items()), "all ended", 60.0)
    crew.send("ok")
    settle(lambda: TaskRun.objects.filter(name="crew.ok").exists(), "what came afterwards ended")
    assert {task_id: runs(task_id) for task_id in ended} == ended
    told = Counter(detail["task"] for detail in noted("task_killed"))
    assert told == {"crew.kill_back": 3, "crew.kill_again": 2, "crew.hard_back": 2, "crew.kill": 2}
    assert findings.totals()["task_killed"] == 9
    settle(lambda: not RunningTask.objects.exists(), "nothing runs")
    assert noted("task_lost") == []
    retried = TaskRun.objects.filter(name="crew.hard_back", state="RETRY").values_list("exception", "duration")
    assert set(retried) == {("TimeLimitExceeded", 0.5)}


def test_a_revoked_task_that_runs_is_told_as_terminated(crew: Crew) -> None:
    crew.start("--pool", "prefork", "--concurrency", "1")
    task_id, _, _ = crew.begin("wait")
    crew.app.control.revoke(task_id, terminate=True, signal="SIGKILL")
    settle(lambda: runs(task_id) == [("REVOKED", "terminated")], "the terminated task is told")
    settle(lambda: not RunningTask.objects.exists(), "nothing runs")
    waiting = crew.send("ok", countdown=3600)
    crew.app.control.revoke(waiting)
    settle(lambda: not noted("task_lost"), "nothing is lost")


def test_a_task_acknowledged_early_is_lost_with_its_worker_and_told_once(crew: Crew) -> None:
    node = crew.start("--pool", "prefork", "--concurrency", "2")
    task_id, _, _ = crew.begin("wait")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    settle(lambda: runs(task_id) == [("LOST", "lost")], "the loss is found")
    for _ in range(3):
        settle(lambda: True, "watched again")
    assert [detail["worker"] for detail in noted("task_lost")] == [node]
    assert findings.totals()["task_lost"] == 1
    assert not RunningTask.objects.exists()
    down = findings.open_findings("worker_down").get()
    assert down.subject == node


def test_a_worker_that_comes_back_at_once_does_not_hide_the_loss(crew: Crew) -> None:
    crew.start("--pool", "prefork", "--concurrency", "1")
    task_id, _, _ = crew.begin("wait")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    crew.start("--pool", "prefork", "--concurrency", "1")
    settle(lambda: runs(task_id) == [("LOST", "lost")], "the loss is found")
    settle(lambda: not findings.open_findings("worker_down").exists(), "the worker is back")


def test_a_task_acknowledged_late_is_held_until_it_runs_again_and_not_lost(crew: Crew) -> None:
    crew.start("--pool", "prefork", "--concurrency", "1")
    task_id, until, _ = crew.begin("wait_late")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    settle(lambda: findings.open_findings("task_held").exists(), "it is held")
    held = findings.open_findings("task_held").get()
    due = datetime.fromisoformat(held.detail["redelivery"])
    assert timedelta(minutes=55) < due - datetime.now(UTC) < timedelta(minutes=61)
    assert crew.give_back() == 1
    until.touch()
    crew.start("--pool", "prefork", "--concurrency", "1", name="second")
    settle(lambda: not findings.open_findings("task_held").exists(), "it ran again")
    settle(lambda: not RunningTask.objects.exists(), "nothing runs")
    assert noted("task_lost") == []


def test_an_execution_that_ended_after_all_takes_its_loss_back(crew: Crew, redis_url: str) -> None:
    """Where the system does not end the children of a dead worker, they end what they began."""
    node.become("orphan@test")
    began = Started(time.time_ns() - 10**10, "crew.wait", crew.queue, "orphan", False, None)
    recorder.record(began)
    recorder.flush()
    said = {"instance": node.instance(), "interval": 0.1}
    heartbeats.send(client(), get_config().stream_prefix, "worker", "orphan@test", said)
    settle(lambda: runs("orphan") == [("LOST", "lost")], "it counts as lost: nobody can tell that its process lives")
    recorder.record(Task(time.time_ns(), 10**10, "crew.wait", crew.queue, TaskState.SUCCESS, 0, "", began))
    recorder.flush()
    settle(lambda: runs("orphan") == [], "the loss is taken back")
    assert noted("task_lost")[0]["ended_after_all"] is True
    settle(lambda: True, "watched again")
    assert findings.totals()["task_lost"] == 1


def test_a_worker_that_is_restarted_again_and_again_does_not_put_the_loss_off(redis_url: str) -> None:
    """Whenever somebody looks, it has just come back."""
    node.become("loop@test")
    recorder.record(Started(time.time_ns() - 10**10, "crew.wait", "crew", "orphan", False, None))
    recorder.flush()
    first = {"instance": node.instance(), "interval": 0.1}
    heartbeats.send(client(), get_config().stream_prefix, "worker", "loop@test", first)

    def told() -> bool:
        said = {"instance": uuid.uuid4().hex[:12], "interval": 1.0}
        heartbeats.send(client(), get_config().stream_prefix, "worker", "loop@test", said)
        return runs("orphan") == [("LOST", "lost")]

    settle(told, "the loss is found", 20.0)


@pytest.mark.parametrize(("pool", "told"), [("threads", "task_lost"), ("solo", "task_held")])
def test_heartbeats_and_losses_are_told_of_other_pools(crew: Crew, pool: str, told: str) -> None:
    """A solo worker acknowledges only when it gets back to its loop: what it dies over runs again."""
    node = crew.start("--pool", pool, "--concurrency", "2")
    task_id, _, process = crew.begin("wait")
    assert process == crew.workers[0].pid
    wait_until(lambda: crew.heartbeat(node).state["busy"] == 1, "it says that it is busy")
    state = crew.heartbeat(node).state
    assert (state["pool"], state["queues"], state["pid"]) == (pool, [crew.queue], process)
    assert state["active"][0]["id"] == task_id
    assert state["rss"] > 10_000_000
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    settle(lambda: noted(told), "it is told")
    assert [detail["task_id"] for detail in noted(told)] == [task_id]


def test_a_greenlet_that_does_not_yield_does_not_make_its_worker_look_dead(crew: Crew) -> None:
    node = crew.start("--pool", "gevent", "--concurrency", "5")
    waiting, let_go, _ = crew.begin("wait")
    settle(lambda: RunningTask.objects.filter(task_id=waiting).exists(), "it is seen to run")
    spinning, stop, _ = crew.begin("spin")
    beats: set[int] = set()

    def beaten() -> bool:
        beats.add(round((time.time() - crew.heartbeat(node).age) * 10))
        return len(beats) > 8

    wait_until(beaten, "its heart beats on", 30.0)
    settle(lambda: True, "watched")
    assert not findings.open_findings("worker_down").exists()
    stop.touch()
    let_go.touch()
    settle(lambda: runs(waiting) == runs(spinning) == [("SUCCESS", "sample")], "both have ended")
    crew.workers[0].send_signal(signal.SIGTERM)
    crew.workers[0].wait(30)
    assert crew.heartbeat(node).state["closing"]
    assert noted("task_lost") == []


def test_the_end_of_a_greenlet_is_told_once(crew: Crew) -> None:
    crew.start("--pool", "gevent", "--concurrency", "5")
    limited, back = crew.send("hard"), crew.send("hard_back", str(crew.folder / "limits"))
    terminated, _, _ = crew.begin("wait")
    crew.app.control.revoke(terminated, terminate=True)
    ended = {
        limited: [("FAILURE", "time limit")],
        back: [("RETRY", "time limit")] * 2 + [("SUCCESS", "sample")],
        terminated: [("REVOKED", "terminated")],
    }
    settle(lambda: {task_id: runs(task_id) for task_id in ended} == ended, "each is told by its name")
    settle(lambda: not RunningTask.objects.exists(), "nothing runs")
    assert {task_id: runs(task_id) for task_id in ended} == ended
    assert len(noted("task_killed")) == 3


def test_a_worker_that_is_told_to_stop_has_left_and_is_not_down(crew: Crew) -> None:
    node = crew.start("--pool", "prefork", "--concurrency", "1")
    crew.workers[0].send_signal(signal.SIGTERM)
    crew.workers[0].wait(30)
    settle(lambda: crew.heartbeat(node).state["closing"], "it said goodbye")
    assert not findings.open_findings("worker_down").exists()
