"""What looks like a loss and is none, and losses that are hard to see."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues import brokers
from monitoring.jobs.queues.brokers import access
from monitoring.jobs.runs.models import RunningTask
from monitoring.jobs.runs.watch import watch as watch_runs
from monitoring.jobs.workers.models import Worker
from monitoring.stream import heartbeats
from tests.jobs.crew import Crew
from tests.jobs.losses.test_losses import noted, runs, settle
from tests.pipeline import client
from tests.system.platform import wait_until

pytestmark = pytest.mark.django_db

ODD_IDS = ["nul\0id", "order 43", "M" * 180, "ünï çø∂é", "a;b", "-", "12 12"]


def forget_heartbeats() -> None:
    """Lose them, as a flushed Redis or a failover to an empty replica does."""
    prefix = get_config().stream_prefix
    client().delete(f"{prefix}:heartbeats", f"{prefix}:heartbeats:state")
    sight.forget()


@pytest.mark.system
def test_odd_ids_run_end_and_are_lost_like_any_other(crew: Crew) -> None:
    node = crew.start("--pool", "threads", "--concurrency", "16")
    begun = [crew.begin("wait", task_id=task_id) for task_id in ODD_IDS]
    settle(lambda: RunningTask.objects.count() == len(ODD_IDS), "all are seen to run")
    assert crew.heartbeat(node).alive
    for _, until, _ in begun[:3]:
        until.touch()
    settle(lambda: RunningTask.objects.count() == len(ODD_IDS) - 3, "three have ended")
    assert noted("task_lost") == []

    def told() -> set[str]:
        return {str(one["id"]) for one in crew.heartbeat(node).state["active"]}

    left = set(RunningTask.objects.values_list("task_id", flat=True))
    wait_until(lambda: told() == left, "the worker calls them the same", why_not=lambda: (told(), left))
    crew.kill()
    settle(lambda: len(noted("task_lost")) == len(ODD_IDS) - 3, "the others are lost")
    assert not RunningTask.objects.exists()


@pytest.mark.system
def test_lost_heartbeats_lose_no_task_and_hide_no_dead_worker(crew: Crew) -> None:
    dead = crew.start("--pool", "solo", name="dead")
    crew.kill()
    settle(lambda: findings.open_findings("worker_down").exists(), "it is down")
    crew.start("--pool", "threads", name="living")
    task_id, until, _ = crew.begin("wait")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    RunningTask.objects.update(began=1_000_000_000_000)  # for a long time already
    forget_heartbeats()
    settle(lambda: True, "watched before anybody speaks again")
    wait_until(crew.heartbeats, "the living speak again")
    settle(lambda: True, "watched again")
    assert RunningTask.objects.get().dead_since is None
    assert noted("task_lost") == []
    assert findings.open_findings("worker_down").get().subject == dead
    assert Worker.objects.get(node=dead).state == "down"
    until.touch()


@pytest.mark.system
def test_a_late_task_whose_message_is_gone_is_lost(crew: Crew) -> None:
    crew.start("--pool", "prefork", "--concurrency", "1")
    task_id, _, _ = crew.begin("wait_late")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    settle(lambda: findings.open_findings("task_held").exists(), "it is held")
    client().delete("unacked", "unacked_index")
    settle(lambda: runs(task_id) == [("LOST", "lost")], "nobody holds it any more")
    assert not findings.open_findings("task_held").exists()


@pytest.mark.system
def test_a_late_task_whose_message_waits_in_its_queue_again_is_not_lost(crew: Crew) -> None:
    crew.start("--pool", "prefork", "--concurrency", "1")
    task_id, _, _ = crew.begin("wait_late")
    settle(lambda: RunningTask.objects.filter(task_id=task_id).exists(), "it is seen to run")
    crew.kill()
    crew.give_back()
    settle(lambda: not RunningTask.objects.exists(), "its execution is over")
    assert noted("task_lost") == []


@pytest.mark.system
def test_a_worker_that_crashes_and_is_back_at_once_is_told(crew: Crew) -> None:
    node = crew.start("--pool", "solo")
    settle(lambda: Worker.objects.filter(node=node, state="up").exists(), "it is up")
    pid = crew.workers[0].pid
    crew.kill()
    crew.start("--pool", "solo")
    settle(lambda: noted("worker_crashed"), "the crash is told")
    assert [detail["pid"] for detail in noted("worker_crashed")] == [pid]
    settle(lambda: True, "watched again")
    assert len(noted("worker_crashed")) == 1


def dead_rows(count: int) -> None:
    instance = uuid.uuid4().hex[:12]
    RunningTask.objects.bulk_create(
        RunningTask(
            task_id=f"{instance}-{number}",
            began=1_700_000_000_000 + number,
            shard=0,
            service="shop",
            name="shop.pack",
            queue="orders",
            worker="dead@test",
            instance=instance,
        )
        for number in range(count)
    )
    said = {"instance": instance, "closing": True}
    heartbeats.send(client(), get_config().stream_prefix, "worker", "dead@test", said)
    key = f"{get_config().stream_prefix}:heartbeats"
    client().zincrby(key, -100_000, f"worker:{instance}:dead@test")
    sight.forget()


def test_many_losses_at_once_cost_a_few_queries_a_hundred(crew: Crew, redis_client: Any) -> None:
    def queries(count: int) -> int:
        dead_rows(count)
        with CaptureQueriesContext(connection) as captured:
            watch_runs(get_config())
        assert not RunningTask.objects.exists()
        return len(captured)

    few = queries(200)
    assert queries(1_000) - few <= 60
    assert findings.totals()["task_lost"] == 1_200


def test_the_broker_is_asked_once_however_many_processes_died(
    crew: Crew, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def holds(ids: Collection[str]) -> dict[str, float] | None:
        asked.append(len(ids))
        return access.unacked_holds(ids)

    monkeypatch.setattr(brokers, "unacked_holds", holds)
    for _ in range(20):
        dead_rows(2)
    watch_runs(get_config())
    assert not RunningTask.objects.exists()
    assert asked == [40]
    assert findings.totals()["task_lost"] == 40


def hostile() -> dict[str, tuple[bytes, float]]:
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000
    return {
        "deep": (deep, 0),
        "utf8": (b'{"a":"\xff"}', 0),
        "huge numbers": (b'{"interval":%s,"busy":%s,"concurrency":1000000000000000000}' % (b"9" * 400, b"9" * 400), 0),
        "nul\0": (b'{"queues":["\\u0000"],"active":[{"id":"\\u0000"}],"pool":"\\u0000"}', 0),
        "n" * 250: (b"{}", 0),
        "n" * 251: (b"{}", 0),
        "for ever": (b"{}", 1e300),
    }


def test_no_heartbeat_makes_anybody_blind(crew: Crew, redis_client: Any) -> None:
    prefix = get_config().stream_prefix
    heartbeats.send(client(), prefix, "worker", "good@test", {"instance": "good", "queues": ["orders"], "pool": "solo"})
    now = client().time()[0] * 1000
    for node, (said, at) in hostile().items():
        client().hset(f"{prefix}:heartbeats:state", f"worker:x:{node}", said)
        client().zadd(f"{prefix}:heartbeats", {f"worker:x:{node}": at or now})
    settle(lambda: Worker.objects.filter(node="good@test", state="up").exists(), "the good one is seen")
