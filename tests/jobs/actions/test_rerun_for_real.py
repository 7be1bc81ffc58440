"""A failed or lost task runs again, in a real worker, from the message it started with."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.jobs.actions.models import StoredMessage
from monitoring.jobs.runs.models import TaskRun
from monitoring.jobs.runs.watch import watch
from tests.pipeline import drain_all

from .conftest import Yard, wait_until

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("patient")]


def taken_in(task_id: str, state: str) -> str:
    """Take in what workers recorded until it is known how a task ended; return its id."""

    def known() -> bool:
        drain_all()
        return TaskRun.objects.filter(task_id=task_id, state=state).exists()

    wait_until(known, f"{task_id} ended as {state}")
    return task_id


def found_lost(task_id: str) -> bool:
    drain_all()
    watch(get_config())
    return TaskRun.objects.filter(task_id=task_id, state="LOST").exists()


def test_a_failed_task_runs_again_until_it_succeeds(act: Any, shop: Any, yard: Yard) -> None:
    yard.worker("prefork")
    yard.client.set("fails:1", 1)
    signature = shop.pay.s(1, password="hunter2", fails="1")
    task_id = taken_in(str(signature.apply_async(queue="prefork").id), "FAILURE")
    stored = StoredMessage.objects.get(pk=task_id)
    assert '"password": "[filtered]"' in stored.arguments
    assert "hunter2" not in stored.arguments
    assert "hunter2" in stored.body

    failing = act(f"tasks/{task_id}/rerun").json()
    assert failing["state"] == "done", failing
    second = taken_in(failing["facts"]["task_id"], "FAILURE")
    assert second != task_id
    assert failing["facts"]["queue"] == "prefork"
    assert "hunter2" not in str(failing)

    yard.client.delete("fails:1")
    third = act(f"tasks/{second}/rerun").json()["facts"]["task_id"]
    taken_in(third, "SUCCESS")
    assert yard.ran("pay:1") == 3
    assert not StoredMessage.objects.filter(pk=third).exists()
    assert act(f"tasks/{third}/rerun").status_code == 409

    yard.client.set("fails:2", 1)
    first = shop.pay.s(2, fails="2").set(queue="prefork")
    result = (first | shop.after.s("after-2").set(queue="prefork")).apply_async()
    task_id = taken_in(str(result.parent.id), "FAILURE")
    assert yard.ran("after-2") == 0
    yard.client.delete("fails:2")
    assert act(f"tasks/{task_id}/rerun").json()["state"] == "done"
    wait_until(lambda: yard.ran("after-2") == 1, "the rest of the chain ran")


def test_a_task_whose_worker_was_killed_runs_again(act: Any, shop: Any, yard: Yard) -> None:
    yard.worker("threads", name="doomed")
    yard.client.set("holds:6", 1)
    task_id = str(shop.pay.apply_async((6,), {"holds": "6"}, queue="doomed").id)

    def stored() -> bool:
        drain_all()
        return StoredMessage.objects.filter(pk=task_id).exists()

    wait_until(stored, "its message was recorded when it started")
    assert "it is active in doomed@yard" in act(f"tasks/{task_id}/rerun").json()["detail"]
    yard.kill("doomed")
    yard.client.delete("holds:6")
    wait_until(lambda: yard.beat("doomed@yard") is None, "its heartbeat is old")
    wait_until(lambda: found_lost(task_id), "it is found to be lost")
    assert act(f"tasks/{task_id}/rerun").json()["detail"].endswith("it waits in doomed.")
