"""A failed or lost task runs again from the message it started with, once for each time somebody wants it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitoring.jobs.actions.models import Action, StoredMessage
from monitoring.jobs.runs.models import TaskRun
from tests.pipeline import drain_all

from .conftest import Yard, wait_until

NOBODY = "nobody"
"""A queue without a consumer."""


@pytest.fixture
def failed(app: Any, shop: Any, yard: Yard, db: None) -> Callable[..., str]:
    """Return what makes a task fail for real, and takes in what its worker recorded of it."""
    yard.worker("prefork")

    def fail(amount: int, **options: Any) -> str:
        yard.client.set(f"fails:{amount}", 1)
        yard.client.delete(f"ran:pay:{amount}")
        signature = shop.pay.s(amount, password="hunter2", fails=str(amount))
        return taken_in(str(signature.apply_async(queue="prefork", **options).id), "FAILURE")

    return fail


def taken_in(task_id: str, state: str) -> str:
    """Wait until it is known how a task ended."""

    def known() -> bool:
        drain_all()
        return TaskRun.objects.filter(task_id=task_id, state=state).exists()

    wait_until(known, f"{task_id} ended as {state}")
    return task_id


def test_it_is_published_under_a_new_id_and_runs(act: Any, failed: Any, yard: Yard) -> None:
    task_id = failed(1)
    yard.client.delete("fails:1")
    answer = act(f"tasks/{task_id}/rerun").json()
    assert answer["state"] == "done", answer
    new = answer["facts"]["task_id"]
    assert new != task_id
    assert answer["facts"]["queue"] == "prefork"
    wait_until(lambda: yard.ran("pay:1") == 2, "it ran again")
    assert "hunter2" not in str(answer)


def test_what_people_see_of_its_arguments_is_scrubbed(failed: Any, act: Any) -> None:
    stored = StoredMessage.objects.get(pk=failed(2))
    assert '"password": "[filtered]"' in stored.arguments
    assert '"amount": 2' in stored.arguments
    assert "hunter2" in stored.body


def test_its_message_is_let_go_when_it_succeeds(act: Any, failed: Any, yard: Yard) -> None:
    task_id = failed(3)
    assert StoredMessage.objects.filter(pk=task_id).exists()
    yard.client.delete("fails:3")
    new = act(f"tasks/{task_id}/rerun").json()["facts"]["task_id"]
    taken_in(new, "SUCCESS")
    assert not StoredMessage.objects.filter(pk=new).exists()
    response = act(f"tasks/{new}/rerun")
    assert response.status_code == 409


def test_what_follows_it_in_a_chain_follows_its_new_run(act: Any, app: Any, shop: Any, yard: Yard) -> None:
    yard.worker("prefork")
    yard.client.set("fails:4", 1)
    first = shop.pay.s(4, fails="4").set(queue="prefork")
    result = (first | shop.after.s("after-4").set(queue="prefork")).apply_async()
    task_id = taken_in(str(result.parent.id), "FAILURE")
    assert yard.ran("after-4") == 0
    yard.client.delete("fails:4")
    assert act(f"tasks/{task_id}/rerun").json()["state"] == "done"
    wait_until(lambda: yard.ran("after-4") == 1, "the rest of the chain ran")


def test_it_keeps_its_place_in_the_tree_and_says_whose_run_it_is(act: Any, app: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    answer = act(f"tasks/{stored.pk}/rerun").json()
    assert answer["detail"].endswith(f"it waits in {NOBODY}.")
    with shop.app.connection_for_read() as connection:
        message = connection.SimpleQueue(NOBODY).get(block=False)
    message.ack()
    assert message.headers["enginel_rerun_of"] == stored.pk
    assert message.headers["root_id"] == "root"
    assert message.headers["tenant"] == "acme"
    assert (message.headers["eta"], message.headers["expires"], message.headers["group"]) == (None, None, None)
    assert message.properties["priority"] == 3
    assert message.payload[0] == [5]


def waiting(shop: Any, yard: Yard, task_id: str = "original") -> StoredMessage:
    """Store the message of a task that failed, for a queue without a consumer."""
    from kombu.utils import json

    from monitoring.jobs.actions.stored import signature

    yard.client.delete(*(f"{NOBODY}{step}" for step in ("", "\x06\x163", "\x06\x166", "\x06\x169")))
    body = json.dumps(
        {
            "name": "shop.pay",
            "args": [5],
            "kwargs": {},
            "routing_key": NOBODY,
            "priority": 3,
            "root_id": "root",
            "headers": {"tenant": "acme"},
            "dropped": ["chord"],
        }
    )
    make_run(task_id, "FAILURE")
    return StoredMessage.objects.create(
        task_id=task_id,
        name="shop.pay",
        service="shop",
        captured="2026-11-22T10:00:00Z",
        body=body,
        signature=signature(task_id, body),
    )


def make_run(task_id: str, state: str) -> None:
    TaskRun.objects.create(
        start=0, ended="2026-11-22T10:00:00Z", service="shop", name="shop.pay", state=state, task_id=task_id
    )


def depth(shop: Any) -> int:
    from monitoring.jobs.actions import broker

    with shop.app.connection_for_read() as connection:
        return broker.depth(connection, NOBODY) or 0


def test_what_it_cannot_take_along_is_said(act: Any, shop: Any, yard: Yard) -> None:
    answer = act(f"tasks/{waiting(shop, yard).pk}/rerun").json()
    assert "without its chord" in answer["detail"]


def test_while_one_re_run_is_on_there_is_no_other(act: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    first = act(f"tasks/{stored.pk}/rerun").json()
    second = act(f"tasks/{stored.pk}/rerun")
    assert second.status_code == 409
    assert second.json()["detail"] == (
        f"It was run again already, as {first['facts']['task_id']}: it waits in {NOBODY}."
    )
    assert depth(shop) == 1


def test_a_message_that_was_changed_in_the_database_is_not_published(act: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    stored.body = stored.body.replace("shop.pay", "shop.ruin")
    stored.save()
    response = act(f"tasks/{stored.pk}/rerun")
    assert response.status_code == 409
    assert "was changed" in response.json()["detail"]
    assert depth(shop) == 0


def test_the_message_of_one_task_does_not_pass_for_that_of_another(act: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    make_run("other", "FAILURE")
    StoredMessage.objects.filter(pk=stored.pk).update(task_id="other")
    assert act("tasks/other/rerun").status_code == 409


@pytest.mark.parametrize(
    ("state", "words"), [("SUCCESS", "It ended as SUCCESS"), ("RETRY", "It will be tried again by itself")]
)
def test_what_did_not_fail_is_not_run_again(act: Any, shop: Any, yard: Yard, state: str, words: str) -> None:
    stored = waiting(shop, yard)
    TaskRun.objects.update(state=state)
    response = act(f"tasks/{stored.pk}/rerun")
    assert response.status_code == 409
    assert response.json()["detail"].startswith(words)


def test_what_is_not_known_to_be_over_is_not_run_again(act: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    TaskRun.objects.all().delete()
    response = act(f"tasks/{stored.pk}/rerun")
    assert response.status_code == 409
    assert response.json()["detail"].startswith("It is not known to have failed")


def test_without_a_stored_message_it_says_how_to_have_one(act: Any, yard: Yard) -> None:
    make_run("forgotten", "FAILURE")
    response = act("tasks/forgotten/rerun")
    assert response.status_code == 409
    assert "when MONITORING['CAPTURE_ARGUMENTS'] names it" in response.json()["detail"]


def test_a_task_nobody_knows_is_not_found(act: Any, yard: Yard) -> None:
    assert act("tasks/nothing/rerun").status_code == 404
    assert not Action.objects.exists()


def test_a_message_that_could_not_be_kept_says_why(act: Any, shop: Any, yard: Yard) -> None:
    stored = waiting(shop, yard)
    StoredMessage.objects.update(body="", problem="it is longer than 64 kB")
    response = act(f"tasks/{stored.pk}/rerun")
    assert response.json()["detail"] == "The message of original was not kept: it is longer than 64 kB."


def test_a_task_whose_worker_was_killed_runs_again(act: Any, app: Any, shop: Any, yard: Yard) -> None:
    yard.worker("prefork", name="doomed")
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
    make_run(task_id, "LOST")
    yard.client.delete("ran:pay:6")
    yard.worker("prefork", name="heir", queue="doomed")
    assert act(f"tasks/{task_id}/rerun").json()["state"] == "done"
    wait_until(lambda: yard.ran("pay:6") == 1, "it ran again")
