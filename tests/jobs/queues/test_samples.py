"""Samples of queues as they are stored: brokers, heartbeats and recorded events put together."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu import Exchange, Queue
from kombu.common import Broadcast

from monitoring.conf import get_config
from monitoring.jobs import findings, sight
from monitoring.jobs.queues import retention
from monitoring.jobs.queues.models import MAX_NAMES, QueueFlow, QueueMinute, QueueState
from monitoring.jobs.queues.watch import watch
from monitoring.recording.events import Received, Sent
from monitoring.recording.recorder import recorder
from monitoring.storage.names import OTHER, Name
from monitoring.stream import heartbeats
from tests.pipeline import client, drain_all

from .conftest import PATIENCE, MakeApp, send

pytestmark = pytest.mark.django_db


def look() -> dict[str, QueueState]:
    sight.forget()
    watch(get_config())
    return {state.name: state for state in QueueState.objects.all()}


def beat(node: str = "celery@shop", **state: Any) -> None:
    """A worker says that it lives."""
    said = {"concurrency": 4, "busy": 0, "queues": ["orders"], "interval": 3.0, **state}
    heartbeats.send(client(), get_config().stream_prefix, "worker", node, said)


def record(kind: type[Sent | Received], queue: str, count: int = 1, ago: float = 0.0) -> None:
    """Messages of a queue are recorded, `ago` seconds back."""
    for _ in range(count):
        recorder.record(kind(int((time.time() - ago) * 1e9), "shop.sell", queue))


def take_in() -> None:
    recorder.flush()
    drain_all()


def test_a_sample_holds_what_the_broker_and_the_workers_say(app: Celery) -> None:
    beat()
    beat("second@shop", concurrency=2, queues=["orders", "mails"])
    for priority in (0, 9):
        send(app, ago=40, priority=priority)
    state = look()["orders"]
    assert (state.broker, state.depth, state.unacked, state.consumers) == ("redis", 2, 0, None)
    assert state.by_priority == {"0": 1, "3": 0, "6": 0, "9": 1}
    assert (state.workers, state.processes) == (2, 6)
    assert state.oldest_age == pytest.approx(40, abs=5)
    assert not state.oldest_age_estimated
    assert state.drain_seconds is None


def test_who_left_or_died_consumes_nothing_but_is_still_believed_to_know_a_queue(app: Celery) -> None:
    beat("left@shop", queues=["mails"], closing=True)
    beat("dead@shop", queues=["orders"], interval=1e-9)
    found = look()
    assert {name: found[name].workers for name in ("orders", "mails")} == {"orders": 0, "mails": 0}


def test_ages_are_known_with_no_worker_alive(app: Celery) -> None:
    send(app, ago=3600)
    assert look()["orders"].oldest_age == pytest.approx(3600, abs=5)


def test_queues_are_known_from_everybody_who_names_them(make_app: MakeApp, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "WATCHED_QUEUES": ["of settings"]}
    make_app(
        task_queues=[Queue("declared"), Broadcast("to all")],
        task_default_queue="declared",
        task_routes=[{"shop.*": {"queue": "routed"}}, {"mail.*": "routed too"}, lambda *_, **__: None],
    )
    beat(queues=["consumed"])
    record(Sent, "recorded")
    take_in()
    assert set(look()) == {"consumed", "declared", "routed", "routed too", "of settings", "recorded"}


def test_queues_are_bounded_and_those_of_workers_come_first(make_app: MakeApp, settings: Any) -> None:
    many = [f"queue {number}" for number in range(600)]
    settings.MONITORING = {**settings.MONITORING, "WATCHED_QUEUES": many}
    make_app()
    beat(queues=["consumed", "x" * 300, "", 5, None])
    found = look()
    assert len(found) == 500
    assert {"consumed", "orders"} < set(found)


def test_messages_are_counted_for_the_queue_their_routing_key_leads_to(make_app: MakeApp) -> None:
    topic = Exchange("media", type="topic")
    make_app(task_queues=[Queue("videos", topic, routing_key="media.video.#"), Queue("orders")])
    record(Sent, "media.video.long", 30)
    record(Received, "media.video.short", 30)
    take_in()
    found = look()
    assert set(found) == {"videos", "orders"}
    assert found["videos"].rate_in == found["videos"].rate_out > 0


def test_rates_come_from_what_was_recorded(app: Celery) -> None:
    record(Sent, "orders", 90)
    record(Received, "orders", 45)
    take_in()
    for _ in range(45):
        send(app)
    state = look()["orders"]
    assert state.rate_in == pytest.approx(2 * state.rate_out, abs=0.001)
    assert state.drain_seconds == pytest.approx(45 / state.rate_out, rel=0.01)
    assert state.drain_seconds_net is None
    assert 45 / 120 <= state.rate_out <= 45 / 60


def test_a_queue_that_stopped_moving_is_never_empty(app: Celery) -> None:
    record(Received, "orders", 45)
    take_in()
    send(app)
    assert look()["orders"].drain_seconds is not None
    age_by(20, "orders")
    state = look()["orders"]
    assert (state.drain_seconds, state.drain_seconds_net) == (None, None)
    assert state.rate_out > 0


def test_counts_add_up_over_drains_shards_and_services(app: Celery) -> None:
    for _ in range(2):
        record(Sent, "orders", 3)
        record(Received, "orders", 2)
        take_in()
    record(Sent, "orders", ago=3600)
    take_in()
    rows = sorted(QueueFlow.objects.values_list("start", "sent", "received"))
    assert rows[0][1:] == (1, 0)
    assert [sum(column) for column in zip(*(row[1:] for row in rows[1:]), strict=True)] == [6, 4]


def test_names_of_queues_are_bounded(app: Celery) -> None:
    for number in range(MAX_NAMES + 50):
        recorder.record(Sent(time.time_ns(), "shop.sell", f"queue {number}"))
    take_in()
    assert Name.objects.filter(kind="queue").count() <= MAX_NAMES + 1
    assert OTHER not in look()


def test_messages_without_a_queue_are_left_out(app: Celery) -> None:
    record(Sent, "")
    take_in()
    assert not QueueFlow.objects.exists()


def test_without_a_stamp_the_age_follows_from_what_came_and_went(app: Celery) -> None:
    record(Sent, "orders", 10, ago=600)
    record(Received, "orders", 7, ago=60)
    take_in()
    for _ in range(3):
        send(app, ago=None)
    state = look()["orders"]
    assert state.oldest_age_estimated
    assert state.oldest_age == pytest.approx(600, abs=61)


def test_an_age_that_nobody_can_know_is_unknown(app: Celery) -> None:
    send(app, ago=None)
    state = look()["orders"]
    assert (state.oldest_age, state.oldest_age_estimated) == (None, False)


def test_the_history_keeps_the_worst_of_each_minute(app: Celery, redis_client: Any) -> None:
    for _ in range(3):
        send(app, ago=30)
    look()
    redis_client.delete("orders")
    look()
    row = QueueMinute.objects.order_by("-max_depth").first()
    assert row is not None
    assert row.max_depth == 3
    assert row.max_age == pytest.approx(30, abs=5)
    assert QueueMinute.objects.order_by("-start").values_list("last_depth", flat=True)[0] == 0


def test_a_queue_that_nobody_names_any_more_is_forgotten(app: Celery, make_app: MakeApp) -> None:
    app.conf.task_routes = {"shop.*": {"queue": "old"}}
    send(app, "old")
    assert "old" in look()
    findings.raise_finding("queue_unconsumed", "old", {})
    make_app()
    assert "old" in look()
    QueueState.objects.filter(name="old").update(seen=datetime.now(UTC) - timedelta(days=2))
    assert set(look()) == {"orders"}
    assert not findings.open_findings().exists()


def age_by(seconds: float, *names: str) -> None:
    """Make it look as if the samples were taken over a longer time."""
    moved = datetime.now(UTC) - timedelta(seconds=seconds)
    QueueState.objects.filter(name__in=names).update(moved=moved)


def test_a_queue_without_a_worker_is_found_and_ends_when_one_comes(app: Celery) -> None:
    send(app)
    look()
    age_by(31, "orders")
    look()
    look()
    finding = findings.open_findings("queue_unconsumed").get()
    assert (finding.subject, finding.detail["depth"]) == ("orders", 1)
    beat()
    look()
    assert not findings.open_findings().exists()
    assert findings.totals()["queue_unconsumed"] == 1


def test_a_queue_that_idle_workers_take_nothing_from_is_stalled(app: Celery, redis_client: Any) -> None:
    beat()
    send(app)
    look()
    age_by(61, "orders")
    look()
    assert findings.open_findings("queue_stalled").get().subject == "orders"
    redis_client.delete("orders")
    look()
    assert not findings.open_findings().exists()


def test_busy_workers_stall_nothing(app: Celery) -> None:
    beat(busy=4)
    send(app)
    look()
    age_by(61, "orders")
    look()
    assert not findings.open_findings().exists()


def test_a_recorded_receipt_is_a_sign_of_life(app: Celery) -> None:
    beat()
    send(app)
    look()
    age_by(61, "orders")
    record(Received, "orders")
    take_in()
    look()
    assert not findings.open_findings().exists()


def test_messages_and_workers_without_enginel_raise_no_false_alarm(app: Celery, redis_client: Any) -> None:
    for _ in range(3):
        send(app, ago=None)
    look()
    for _ in range(2):
        age_by(100, "orders")
        redis_client.rpop("orders")
        for _ in range(3):
            send(app, ago=None)
        look()
    assert not findings.open_findings().exists()


def test_a_broker_that_is_away_leaves_the_last_sample(app: Celery, make_app: MakeApp, unreachable: str) -> None:
    send(app)
    before = look()["orders"].at
    make_app(unreachable)
    began = time.monotonic()
    after = look()
    assert time.monotonic() - began < PATIENCE
    assert (after["orders"].at, after["orders"].depth) == (before, 1)


def test_a_broker_of_another_kind_is_said_to_be_unsupported(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    make_app("memory://")
    assert look() == {}
    assert "memory" in caplog.text


def test_many_queues_cost_as_many_queries_and_calls_as_few(
    make_app: MakeApp, settings: Any, redis_calls: list[bytes]
) -> None:
    make_app()

    def cost(count: int) -> tuple[int, int]:
        names = [f"queue {number}" for number in range(count)]
        settings.MONITORING = {**settings.MONITORING, "WATCHED_QUEUES": names}
        look()
        redis_calls.clear()
        with CaptureQueriesContext(connection) as queries:
            look()
        return len(queries), len(redis_calls)

    few = cost(2)
    assert cost(40) == few
    assert few[0] <= 12
    assert few[1] <= 4  # heartbeats, the streams there are, how long they wait, and the queues


def test_what_is_older_than_minutes_are_kept_is_dropped(app: Celery) -> None:
    minute = int(time.time() // 60)
    retention.prepare()
    for start in (minute, minute - 49 * 60 - 24 * 60):
        _partition(start)
        QueueFlow.objects.create(start=start, name_id=1, shard=0, sent=1, received=1)
        QueueMinute.objects.create(start=start, name_id=1, max_depth=1, last_depth=1)
    retention.prune(get_config())
    assert QueueFlow.objects.get().start == QueueMinute.objects.get().start == minute


def _partition(start: int) -> None:
    from monitoring.storage import partitions

    for model in (QueueFlow, QueueMinute):
        partitions.ensure(connection, model, [start])
