"""Tasks are revoked and ended in real workers, and what came of it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.jobs.runs.models import TaskRun

from .conftest import Yard, wait_until


@pytest.fixture
def running(yard: Yard, shop: Any) -> Iterator[Any]:
    """Return what starts a task that runs until the test is over."""
    keys = []

    def start(queue: str, key: str) -> str:
        keys.append(key)
        yard.client.delete(f"ran:{key}", f"go:{key}")
        task_id = str(shop.hold.apply_async((key,), queue=queue).id)
        wait_until(lambda: yard.ran(key), f"{key} runs")
        return task_id

    yield start
    for key in keys:
        yard.client.set(f"go:{key}", 1, ex=60)


def test_a_task_that_waits_is_thrown_away_when_it_comes(act: Any, shop: Any, yard: Yard) -> None:
    yard.worker("prefork")
    result = shop.ok.apply_async(("revoked-later",), queue="prefork", countdown=1)
    answer = act(f"tasks/{result.id}/revoke").json()
    assert answer["state"] == "done", answer
    assert "prefork@yard" in answer["facts"]["revoked_in"]
    shop.ok.apply_async(("marker",), queue="prefork", countdown=1.1)
    wait_until(lambda: yard.ran("marker"), "what came later ran")
    assert yard.ran("revoked-later") == 0


def test_a_task_nobody_holds_is_flagged_and_said_to_be(act: Any, yard: Yard) -> None:
    yard.worker("prefork")
    answer = act("tasks/2f2e6c5e-0000-4000-8000-000000000000/revoke").json()
    assert answer["state"] == "done"
    assert answer["detail"].startswith("No worker holds it; revoked in ")


def test_revoking_what_runs_has_no_effect_on_the_run(act: Any, running: Any, yard: Yard) -> None:
    yard.worker("prefork")
    answer = act(f"tasks/{running('prefork', 'goes-on')}/revoke").json()
    assert (answer["state"], answer["facts"]["running_in"]) == ("no_effect", ["prefork@yard"])
    assert "goes on: revoking stops what has not started; terminate ends it" in answer["detail"]


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_what_runs_in_a_prefork_pool_is_ended(act: Any, running: Any, yard: Yard, signal: str) -> None:
    yard.worker("prefork")
    task_id = running("prefork", f"ended-{signal}")
    answer = act(f"tasks/{task_id}/revoke", terminate=True, signal=signal).json()
    assert (answer["state"], answer["facts"]["running_in"]) == ("done", []), answer
    assert answer["detail"].startswith("It was ended; revoked in ")


def test_what_runs_in_a_gevent_pool_is_ended(act: Any, running: Any, yard: Yard) -> None:
    pytest.importorskip("gevent")
    yard.worker("gevent", "-c", "4")
    answer = act(f"tasks/{running('gevent', 'green')}/revoke", terminate=True).json()
    assert (answer["state"], answer["facts"]["running_in"]) == ("done", []), answer


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_a_pool_that_cannot_end_a_task_says_so(act: Any, running: Any, yard: Yard, pool: str) -> None:
    node = yard.worker(pool)
    task_id = running(pool, f"endless-{pool}")
    beat = lambda: [one["id"] for one in (yard.beat(node) or pytest.fail("gone")).state["active"]]  # noqa: E731
    wait_until(lambda: task_id in beat(), "the heartbeat tells")
    response = act(f"tasks/{task_id}/revoke", terminate=True)
    assert response.status_code == 409
    assert f"{node} runs it in a {pool} pool, where a task cannot be ended" in response.json()["detail"]


def test_a_worker_that_does_not_answer_leaves_it_unknown(act: Any, running: Any, shop: Any, yard: Yard) -> None:
    node = yard.worker("solo")
    running("solo", "silent")
    answer = act("tasks/3f2e6c5e-0000-4000-8000-000000000000/revoke").json()
    assert answer["state"] == "unknown"
    assert node in answer["facts"]["silent"]
    assert f"{node} did not answer" in answer["detail"]


def test_what_has_ended_cannot_be_revoked(act: Any, yard: Yard) -> None:
    yard.worker("prefork")
    ended = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    TaskRun.objects.create(start=0, ended=ended, service="s", name="shop.ok", state="FAILURE", task_id="over")
    response = act("tasks/over/revoke")
    assert response.status_code == 409
    assert response.json()["detail"].startswith("It has ended: FAILURE at 2026-11-22 09:30:00 UTC")


def test_other_signals_are_refused(act: Any, yard: Yard) -> None:
    response = act("tasks/x/revoke", terminate=True, signal="STOP")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["signal"])
