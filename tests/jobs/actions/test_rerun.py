"""A failed or lost task runs again from the message it started with, once for each time somebody wants it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from monitoring.jobs.actions.models import Action, StoredMessage
from monitoring.jobs.runs.models import TaskRun
from monitoring.storage import partitions

from .conftest import Yard

NOBODY = "nobody"
"""A queue without a consumer."""


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
    """Store that a task ended just now."""
    start = int(time.time()) // 60
    partitions.ensure(connection, TaskRun, {start})
    values = {"service": "shop", "name": "shop.pay", "state": state, "task_id": task_id}
    TaskRun.objects.create(start=start, ended=datetime.now(UTC), **values)


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
