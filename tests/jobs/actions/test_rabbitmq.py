"""The same on RabbitMQ: a worker is told what to do, a queue is purged, a task runs again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from monitoring.jobs.actions import api as actions_api
from monitoring.jobs.actions import remote
from tests.jobs.queues.rabbit_server import BINARY, RabbitServer

from .conftest import Yard
from .test_rerun import waiting

pytestmark = [pytest.mark.system, pytest.mark.skipif(BINARY is None, reason="no RabbitMQ here")]


@pytest.fixture
def rabbit() -> Iterator[RabbitServer]:
    server = RabbitServer()
    yield server
    server.stop()


@pytest.fixture
def there(rabbit: RabbitServer, app: Celery, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """The application of actions, on RabbitMQ; `app` has said where the heartbeats are."""
    made = Celery("shop", broker=rabbit.url, set_as_current=False)
    monkeypatch.setattr(actions_api, "app_or_default", lambda: made)
    yield made
    made.close()


def messages(app: Celery, queue: str) -> list[Any]:
    """Take all messages from a queue."""
    found = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            found.append(message)
    return found


def test_rabbitmq_is_acted_on_as_redis_is(
    rabbit: RabbitServer, there: Celery, act: Any, shop: Any, yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert act("queues/typo/purge", confirm="typo", expected=0).status_code == 404
    for _ in range(3):
        there.send_task("shop.ok", queue="stale")
    refused = act("queues/stale/purge", confirm="stale", expected=2)
    assert refused.json()["detail"] == "stale holds 3 messages, more than the 2 that were expected."
    purged = act("queues/stale/purge", confirm="stale", expected=3).json()
    assert (purged["state"], purged["facts"]) == ("done", {"purged": 3, "left": 0})

    answer = act(f"tasks/{waiting(shop, yard).pk}/rerun").json()
    assert answer["state"] == "done", answer
    assert answer["detail"].endswith("its start was not seen yet.")
    (message,) = messages(there, "nobody")
    assert message.headers["id"] == answer["facts"]["task_id"]

    monkeypatch.setattr(remote, "SECONDS", 10.0)
    node = yard.worker("threads", broker=rabbit.url)
    added = act(f"workers/{node}/add-consumer", queue="extra").json()
    assert (added["state"], added["facts"]["after"]) == ("done", ["extra", "threads"])
    revoked = act("tasks/2f2e6c5e-0000-4000-8000-000000000000/revoke").json()
    assert (revoked["state"], revoked["facts"]["revoked_in"]) == ("done", [node])

    monkeypatch.setattr(remote, "SECONDS", 1.0)
    rabbit.freeze()
    try:
        assert act("queues/stale/purge", confirm="stale", expected=3).status_code == 503
    finally:
        rabbit.thaw()
