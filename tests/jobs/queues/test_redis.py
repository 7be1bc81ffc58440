"""What Redis tells of its queues, with messages that kombu put there."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from celery import Celery
from kombu import Exchange, Queue

from monitoring.jobs.queues import brokers
from monitoring.jobs.queues.brokers import BrokerAwayError

from .conftest import MakeApp, raw_message, send


def test_the_depth_is_the_sum_over_all_priorities(app: Celery) -> None:
    for priority in (0, 3, 3, 6, 9):
        send(app, priority=priority)
    send(app, "mails")
    queues = brokers.read(["orders", "mails", "empty"]).queues
    assert {name: reading.depth for name, reading in queues.items()} == {"orders": 5, "mails": 1, "empty": 0}
    assert queues["orders"].by_priority == {0: 1, 3: 2, 6: 1, 9: 1}


@pytest.mark.parametrize(
    "options",
    [
        {"global_keyprefix": "eu:"},
        {"sep": ":"},
        {"priority_steps": list(range(10)), "queue_order_strategy": "priority"},
        {"priority_steps": [1, 5]},
    ],
)
def test_transport_options_are_kept_to(make_app: MakeApp, options: dict[str, Any]) -> None:
    app = make_app(broker_transport_options=options)
    for priority in range(10):
        send(app, priority=priority, ago=60)
    reading = brokers.read(["orders"]).queues["orders"]
    assert reading.depth == 10
    assert set(reading.by_priority) == set(options.get("priority_steps", [0, 3, 6, 9]))
    assert reading.oldest == pytest.approx(time.time() - 60, abs=5)


def test_the_oldest_waits_at_whatever_priority(app: Celery) -> None:
    send(app, ago=10)
    send(app, ago=500, priority=9)
    send(app, ago=20, priority=3)
    assert brokers.read(["orders"]).queues["orders"].oldest == pytest.approx(time.time() - 500, abs=5)


def test_an_empty_queue_has_no_oldest_message(app: Celery) -> None:
    assert brokers.read(["orders"]).queues["orders"].oldest is None


def test_a_message_sent_ahead_of_its_time_is_due_at_that_time(app: Celery) -> None:
    send(app, ago=1000, countdown=300)
    assert brokers.read(["orders"]).queues["orders"].oldest == pytest.approx(time.time() + 300, abs=5)


def test_a_message_that_was_due_in_the_meantime_waits_since_then(app: Celery) -> None:
    send(app, ago=1000, countdown=-400)
    assert brokers.read(["orders"]).queues["orders"].oldest == pytest.approx(time.time() - 400, abs=5)


def test_nobody_knows_since_when_a_message_without_a_stamp_waits(app: Celery) -> None:
    send(app, ago=None)
    reading = brokers.read(["orders"]).queues["orders"]
    assert (reading.depth, reading.oldest) == (1, None)


def hold(app: Celery, count: int, queue: str | Queue = "orders") -> Any:
    """Take messages and leave them unacknowledged."""
    connection = app.connection_for_read()
    simple = connection.SimpleQueue(queue if isinstance(queue, str) else queue(connection))
    held = [simple.get(timeout=5) for _ in range(count)]
    return connection, held


def let_go(connection: Any) -> None:
    """Leave as a worker that was killed does: without giving anything back."""
    for channel in connection.transport.channels:
        channel.qos.restore_at_shutdown = False
    connection.release()


def test_what_workers_hold_is_counted_by_queue(app: Celery) -> None:
    before = time.time()
    for queue, count in (("orders", 3), ("mails", 2)):
        for _ in range(count):
            send(app, queue)
    orders, mails = hold(app, 2)[0], hold(app, 2, "mails")[0]
    queues = brokers.read(["orders", "mails", "empty"]).queues
    assert [queues[name].unacked for name in ("orders", "mails", "empty")] == [2, 2, 0]
    assert [queues[name].depth for name in ("orders", "mails")] == [1, 0]
    assert before - 1 <= (queues["orders"].oldest_unacked or 0) <= time.time()
    assert queues["empty"].oldest_unacked is None
    assert not queues["orders"].unacked_estimated
    let_go(orders)
    let_go(mails)


@pytest.mark.parametrize(
    "options",
    [
        {"global_keyprefix": "eu:"},
        {"unacked_key": "shop-held", "unacked_index_key": "shop-held-at", "unacked_mutex_key": "shop-mutex"},
    ],
)
def test_keys_of_held_messages_can_be_configured(make_app: MakeApp, options: dict[str, Any]) -> None:
    app = make_app(broker_transport_options=options)
    send(app)
    connection, _ = hold(app, 1)
    assert brokers.read(["orders"]).queues["orders"].unacked == 1
    let_go(connection)


def test_held_messages_of_topic_exchanges_are_known_by_their_bindings(make_app: MakeApp) -> None:
    media = Exchange("media", type="topic")
    queues = [Queue("videos", media, routing_key="media.video.#"), Queue("images", media, routing_key="media.image")]
    app = make_app(task_queues=queues)
    with app.connection_for_write() as connection, connection.Producer() as producer:
        for key in ("media.video.long", "media.video.short", "media.image"):
            producer.publish({}, exchange=media, routing_key=key, declare=queues)
    first, _ = hold(app, 2, queues[0])
    second, _ = hold(app, 1, queues[1])
    found = brokers.read(["videos", "images"]).queues
    assert [found[name].unacked for name in ("videos", "images")] == [2, 1]
    let_go(first)
    let_go(second)


def test_of_too_many_held_messages_some_speak_for_all(
    app: Celery, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.jobs.queues.brokers.redis._MAX_SAMPLED", 100)
    _fill(redis_client, 3000, lambda number: "mails" if number % 3 == 0 else "orders")
    queues = brokers.read(["orders", "mails"]).queues
    assert queues["orders"].unacked_estimated
    assert (queues["orders"].unacked or 0) + (queues["mails"].unacked or 0) == pytest.approx(3000, abs=2)
    assert queues["mails"].unacked == pytest.approx(1000, rel=0.5)


def _fill(redis_client: Any, count: int, queue_of: Any) -> list[str]:
    """Put messages among the unacknowledged ones as kombu does; return their task ids."""
    pipe, ids = redis_client.pipeline(), []
    for number in range(count):
        message = json.loads(raw_message(time.time()))
        ids.append(message["headers"]["id"])
        tag = message["properties"]["delivery_tag"]
        pipe.zadd("unacked_index", {tag: 1_700_000_000 + number})
        pipe.hset("unacked", tag, json.dumps([message, "", queue_of(number)]))
    pipe.execute()
    return ids


def test_held_messages_too_large_to_look_at_are_left_out_and_said_to_be(
    app: Celery, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.jobs.queues.brokers.redis._MAX_SAMPLED_BYTES", 10_000)
    _fill(redis_client, 3, lambda _: "orders")
    large = [json.loads(raw_message(body=b"x" * 20_000)), "", "orders"]
    redis_client.hset("unacked", "large", json.dumps(large))
    redis_client.zadd("unacked_index", {"large": 1})
    reading = brokers.read(["orders"]).queues["orders"]
    assert (reading.unacked, reading.unacked_estimated) == (4, True)


def test_held_tasks_are_found_with_the_time_of_their_next_delivery(app: Celery, redis_client: Any) -> None:
    ids = _fill(redis_client, 1200, lambda _: "orders")
    wanted = [ids[0], ids[700], ids[1199], "no such task"]
    assert brokers.unacked_holds(wanted) == {
        ids[number]: 1_700_000_000 + number + 3600 for number in (0, 700, 1199)
    }  # fmt: skip
    assert brokers.unacked_holds([]) == {}


def test_a_task_that_a_dead_worker_took_is_held(make_app: MakeApp) -> None:
    app = make_app(broker_transport_options={"visibility_timeout": 100})
    task_id = send(app)
    connection, _ = hold(app, 1)
    let_go(connection)
    found = brokers.unacked_holds([task_id])
    assert found is not None
    assert found[task_id] == pytest.approx(time.time() + 100, abs=5)


def test_an_id_in_the_arguments_of_another_task_is_not_a_held_task(app: Celery, redis_client: Any) -> None:
    body = json.dumps([[{"id": "wanted"}], {}, {}]).encode()
    message = json.loads(raw_message(body=body, argsrepr='[{"id": "wanted"}]'))
    redis_client.hset("unacked", "tag", json.dumps([message, "", "orders"]))
    redis_client.zadd("unacked_index", {"tag": 1})
    assert brokers.unacked_holds(["wanted"]) == {}


def test_too_many_held_messages_are_no_answer(app: Celery, redis_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.jobs.queues.brokers.redis._MAX_HELD", 10)
    _fill(redis_client, 11, lambda _: "orders")
    with pytest.raises(BrokerAwayError):
        brokers.unacked_holds(["no such task"])


GARBAGE = [
    b"",
    b"garbage",
    b"\x00\xff\xfe binary",
    b'{"headers": {"enginel": "soon;"}}',
    b'{"headers": {"enginel": "99999999999999999999999999999999999999;"}}',
    b'{"headers": {"enginel": 5}}',
    b'{"headers": {"enginel": "0;0;"}}',
    b'{"headers": {"eta": "yesterday", "enginel": "1700000000000000000;"}}',
    b'{"headers": {"eta": "0001-01-01T00:00:00+14:00", "enginel": "1700000000000000000;"}}',
    b"[" * 20_000,
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_a_list_is_a_message_like_any_other(app: Celery, redis_client: Any, garbage: bytes) -> None:
    redis_client.lpush("orders", garbage)
    send(app, ago=60, priority=9)
    reading = brokers.read(["orders"]).queues["orders"]
    assert reading.depth == 2
    assert reading.oldest is not None
    assert reading.oldest <= time.time() - 55


def test_a_huge_message_is_looked_at_from_its_end(app: Celery, redis_client: Any) -> None:
    redis_client.lpush("orders", raw_message(time.time() - 90, body=b"x" * 20_000_000))
    assert brokers.read(["orders"]).queues["orders"].oldest == pytest.approx(time.time() - 90, abs=5)


def test_arguments_cannot_pretend_to_be_a_stamp(app: Celery, redis_client: Any) -> None:
    argsrepr = '{"enginel": "1000000000000000000;"}'
    redis_client.lpush("orders", raw_message(time.time() - 90, argsrepr=argsrepr, body=argsrepr.encode()))
    assert brokers.read(["orders"]).queues["orders"].oldest == pytest.approx(time.time() - 90, abs=5)


@pytest.mark.parametrize("key", ["orders", "orders\x06\x163", "unacked", "unacked_index", "_kombu.binding.media"])
@pytest.mark.parametrize("kind", ["set", "string"])
def test_a_key_of_another_type_counts_for_nothing(app: Celery, redis_client: Any, key: str, kind: str) -> None:
    send(app, "mails", ago=60)
    if key != "unacked_index":
        redis_client.zadd("unacked_index", {"tag": 1})
    if key != "unacked":
        redis_client.hset("unacked", "tag", json.dumps([{}, "media", "media.video"]))
    redis_client.delete(key)
    redis_client.sadd(key, "x") if kind == "set" else redis_client.set(key, "x")
    queues = brokers.read(["orders", "mails"]).queues
    assert (queues["orders"].depth, queues["mails"].depth) == (0, 1)


HELD = [b"", b"garbage", b"[]", b'[{}, "", 5]', b'[{}, null, "orders"]', b"\x00}\xff", b'[{}, "media", "x"]', b"}" * 9]


@pytest.mark.parametrize("held", HELD)
def test_garbage_among_the_held_messages_harms_nobody(app: Celery, redis_client: Any, held: bytes) -> None:
    _fill(redis_client, 2, lambda _: "orders")
    redis_client.hset("unacked", "odd", held)
    redis_client.zadd("unacked_index", {"odd": "inf", "gone": 5})
    assert (brokers.read(["orders"]).queues["orders"].unacked or 0) >= 2
    assert brokers.unacked_holds(["no such task"]) == {}


def test_a_survey_is_one_call_however_many_the_queues(app: Celery, redis_calls: list[bytes]) -> None:
    names = [f"queue {number}" for number in range(200)]
    for name in names[:20]:
        send(app, name)
    brokers.read(names)  # connects
    redis_calls.clear()
    brokers.read(names)
    assert len(redis_calls) == 1
