"""What a real RabbitMQ tells of its queues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu import Queue

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.jobs.queues import brokers
from monitoring.jobs.queues.brokers import BrokerAwayError
from monitoring.jobs.queues.models import QueueState
from monitoring.jobs.queues.watch import watch
from monitoring.recording.events import Sent
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import PATIENCE, MakeApp, send, until
from .rabbit_server import BINARY, RabbitServer

pytestmark = [pytest.mark.system, pytest.mark.skipif(BINARY is None, reason="RabbitMQ is not installed")]


@pytest.fixture(scope="module")
def rabbit() -> Iterator[RabbitServer]:
    server = RabbitServer()
    yield server
    server.stop()


@pytest.fixture
def app(rabbit: RabbitServer, make_app: MakeApp) -> Iterator[Celery]:
    queues = [Queue("orders", max_priority=9), Queue("mails"), Queue("idle")]
    app = make_app(rabbit.url, task_queues=queues, broker_transport_options={"confirm_publish": True})
    with app.connection_for_write() as connection:
        for queue in queues:
            queue(connection).declare()
    yield app
    with app.connection_for_write() as connection:
        for name in ("orders", "mails", "idle"):
            connection.default_channel.queue_delete(name)


def read(*names: str) -> Any:
    return brokers.read(names).queues


def hold(app: Celery, count: int) -> Any:
    """Take messages and leave them unacknowledged, while still consuming."""
    connection, held = app.connection_for_read(), []
    queue = app.amqp.queues["orders"](connection.default_channel)
    connection.default_channel.basic_qos(0, count, False)
    consumer = connection.Consumer([queue], callbacks=[lambda _, message: held.append(message)], no_ack=False)
    consumer.consume()
    while len(held) < count:
        connection.drain_events(timeout=5)
    return connection


def test_what_waits_is_counted_over_all_priorities(app: Celery) -> None:
    for priority in (0, 5, 9):
        send(app, priority=priority)
    send(app, "mails")
    found = read("orders", "mails", "idle")
    assert [found[name].depth for name in ("orders", "mails", "idle")] == [3, 1, 0]
    assert found["orders"].oldest is None


def test_a_queue_that_does_not_exist_is_empty_and_is_not_created(app: Celery) -> None:
    for _ in range(2):
        found = read("no such queue", "orders")
        assert (found["no such queue"].depth, found["no such queue"].consumers) == (0, 0)
    with app.connection_for_read() as connection, pytest.raises(connection.channel_errors):
        connection.default_channel.queue_declare("no such queue", passive=True)


def test_looking_takes_nothing_and_marks_nothing_as_redelivered(app: Celery) -> None:
    send(app)
    for _ in range(3):
        assert read("orders")["orders"].depth == 1
    with app.connection_for_read() as connection:
        message = connection.default_channel.basic_get("orders")
        assert message.delivery_info["redelivered"] is False


def test_consumers_are_counted(app: Celery) -> None:
    send(app)
    assert read("orders")["orders"].consumers == 0
    connection = hold(app, 1)
    assert read("orders")["orders"].consumers == 1
    connection.release()
    until(lambda: read("orders")["orders"].consumers == 0)


def test_held_messages_are_not_known_without_the_management_api(app: Celery) -> None:
    send(app)
    assert read("orders")["orders"].unacked is None
    assert brokers.unacked_holds(["any"]) is None


def test_held_messages_are_known_from_the_management_api(app: Celery, rabbit: RabbitServer, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RABBITMQ_MANAGEMENT_URL": rabbit.management_url}
    for _ in range(5):
        send(app)
    connection = hold(app, 3)
    until(lambda: read("orders")["orders"].unacked == 3)
    found = read("orders", "no such queue")
    assert (found["orders"].depth, found["no such queue"].unacked) == (2, 0)
    connection.release()


def test_a_management_api_that_refuses_leaves_the_rest_readable(
    app: Celery, rabbit: RabbitServer, settings: Any
) -> None:
    wrong = rabbit.management_url.replace("guest:guest", "guest:wrong")
    settings.MONITORING = {**settings.MONITORING, "RABBITMQ_MANAGEMENT_URL": wrong}
    send(app)
    assert (read("orders")["orders"].depth, read("orders")["orders"].unacked) == (1, None)


def test_a_server_that_hangs_is_given_up_and_found_again(app: Celery, rabbit: RabbitServer) -> None:
    send(app)
    read("orders")
    rabbit.freeze()
    try:
        for _ in range(2):  # on the connection there is, and on a new one
            began = time.monotonic()
            with pytest.raises(BrokerAwayError):
                read("orders")
            assert time.monotonic() - began < PATIENCE
    finally:
        rabbit.thaw()
    until(lambda: _depth() == 1)


def _depth() -> int:
    try:
        return int(read("orders")["orders"].depth)
    except BrokerAwayError:
        return -1


@pytest.mark.django_db
def test_a_sample_estimates_ages_and_survives_a_server_that_is_slow(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        recorder.record(Sent(time.time_ns() - 600 * 10**9, "shop.sell", "orders"))
        send(app)
    recorder.flush()
    drain_all()
    watch(get_config())
    state = QueueState.objects.get(name="orders")
    assert (state.broker, state.depth, state.consumers, state.unacked) == ("amqp", 3, 0, None)
    assert state.oldest_age is not None
    assert state.oldest_age_estimated
    monkeypatch.setattr("monitoring.jobs.queues.brokers.rabbitmq._SECONDS", -1.0)
    sight.forget()
    watch(get_config())
    assert QueueState.objects.get(name="orders").at == state.at


def test_reading_stops_when_its_time_is_up(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.jobs.queues.brokers.rabbitmq._SECONDS", -1.0)
    assert read("orders", "mails") == {}
