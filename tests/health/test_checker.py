"""`HealthChecker` evaluates now, and answers as documented; so do the documented tests."""

# ruff: noqa: PT009  # they are shown as they are documented

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, TestCase

from designs.monitoring import HealthChecker
from monitoring.conf import get_config
from monitoring.jobs import checks
from monitoring.jobs.findings import raise_finding
from monitoring.stream import heartbeats
from monitoring.stream.heartbeats import Heartbeat
from tests.pipeline import client as redis_of


class HealthCheckTests(TestCase):
    """The tests of the specification, as they stand there."""

    def test_basic_health_check(self) -> None:
        response = self.client.get("/api/health/")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json()["status"], "ok")

    def test_detailed_health_check(self) -> None:
        response = self.client.get("/api/health/detailed/")
        self.assertEqual(response.status_code, 200)

        data = response.json()
        self.assertIn("checks", data)
        self.assertIn("database", data["checks"])
        self.assertIn("redis", data["checks"])


@pytest.mark.usefixtures("redis_client")
def test_each_component_can_be_looked_at(db: None) -> None:
    assert HealthChecker.check_database() == {"status": "healthy", "message": "Database connection OK"}
    assert HealthChecker.check_redis() == {"status": "healthy", "message": "Redis connection OK"}
    assert HealthChecker.check_storage() == {"status": "healthy", "message": "Storage accessible"}


@pytest.mark.usefixtures("redis_client")
def test_celery_names_its_workers(db: None) -> None:
    assert HealthChecker.check_celery() == {"status": "unhealthy", "message": "No worker is active", "workers": []}
    checks._renew()
    for node in ("celery@worker2", "celery@worker1"):
        heartbeats.send(redis_of(), get_config().stream_prefix, "worker", node, {"interval": 3})
    assert HealthChecker.check_celery() == {
        "status": "healthy",
        "message": "2 worker(s) active",
        "workers": ["celery@worker1", "celery@worker2"],
    }


@pytest.mark.usefixtures("redis_client")
def test_the_full_report_has_every_component(db: None, configure: Callable[..., None]) -> None:
    configure(HEALTH_CHECKS=["tests.health.stubs.Billing"])
    found = HealthChecker.get_full_health_status()
    assert list(found) == ["status", "timestamp", "checks"]
    assert {"database", "redis", "celery", "storage", "broker", "beat", "billing"} <= found["checks"].keys()
    assert found["checks"]["billing"] == {"status": "healthy", "message": "All is well", "figure": 1}
    assert found["status"] == "unhealthy"  # no worker runs here


def beat(kind: Any = "worker", age: float = 1.0, node: str = "celery@one", **state: Any) -> Heartbeat:
    return Heartbeat(kind, node, age, {"interval": 3, **state})


@pytest.mark.parametrize(
    ("beats", "status", "message"),
    [
        ([], "unhealthy", "No worker is active"),
        ([beat()], "healthy", "1 worker(s) active"),
        ([beat(age=9.1)], "unhealthy", "No worker is active"),
        ([beat(closing=True)], "unhealthy", "No worker is active"),
        ([beat("beat")], "unhealthy", "No worker is active"),
    ],
)
def test_workers_are_judged_by_their_heartbeats(beats: list[Heartbeat], status: str, message: str) -> None:
    found = checks.judge_workers(beats)
    assert (found.status, found.message) == (status, message)


DEAD = beat(age=9.1, node="shop@two")


@pytest.mark.parametrize(
    ("beats", "standing", "message"),
    [
        ([beat(), DEAD], [], "1 worker(s) active; down: shop@two"),
        ([beat()], [("worker_down", "shop@two")], "1 worker(s) active; down: shop@two"),
        ([beat()], [("worker_wedged", "celery@one")], "1 worker(s) active; finish nothing: celery@one"),
        ([beat()], [("queue_unconsumed", "shop")], "1 worker(s) active; nobody consumes: shop"),
        (
            [beat(), DEAD],
            [("worker_wedged", "celery@one"), ("queue_unconsumed", "shop")],
            "1 worker(s) active; down: shop@two; finish nothing: celery@one; nobody consumes: shop",
        ),
        (
            [beat(), *(beat(age=9.1, node=f"shop@{number}") for number in range(5))],
            [],
            "1 worker(s) active; down: shop@0, shop@1, shop@2 and 2 more",
        ),
    ],
)
def test_while_some_worker_lives_what_is_wrong_with_others_and_with_queues_degrades(
    beats: list[Heartbeat], standing: list[tuple[str, str]], message: str
) -> None:
    found = checks.judge_workers(beats, standing)
    assert (found.status, found.message) == ("degraded", message)


@pytest.mark.parametrize(
    ("beats", "standing"),
    [
        ([beat(), beat(age=9.1, node="shop@two", closing=True)], []),
        ([beat(), beat(age=9.1, node="shop@two", closing=True)], [("worker_down", "shop@two")]),
        ([beat()], [("worker_wedged", "shop@two")]),
        ([beat()], [("worker_down", "celery@one")]),
    ],
    ids=["said goodbye", "was down, and said goodbye", "hung, and is gone since", "was down, and is back"],
)
def test_what_is_over_does_not_degrade(beats: list[Heartbeat], standing: list[tuple[str, str]]) -> None:
    assert checks.judge_workers(beats, standing).status == "healthy"


def test_long_names_are_cut_short() -> None:
    found = checks.judge_workers([beat()], [("queue_unconsumed", "shop" * 50)])
    assert found.message == f"1 worker(s) active; nobody consumes: {'shop' * 14}sho…"


@pytest.mark.usefixtures("redis_client")
def test_a_queue_that_is_found_to_have_no_consumer_degrades_celery(transactional_db: None) -> None:
    heartbeats.send(redis_of(), get_config().stream_prefix, "worker", "celery@one", {"interval": 3})
    raise_finding("queue_unconsumed", "shop", {})
    raise_finding("queue_stalled", "other", {})
    checks._renew()
    found = HealthChecker.check_celery()
    assert found["status"] == "degraded"
    assert found["message"].endswith("nobody consumes: shop")


@pytest.mark.usefixtures("redis_client")
def test_workers_are_judged_without_the_database(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    def gone(*_args: Any) -> Any:
        raise OperationalError("gone")

    monkeypatch.setattr(checks, "own_connection", gone)
    heartbeats.send(redis_of(), get_config().stream_prefix, "worker", "celery@one", {"interval": 3})
    checks._renew()
    assert HealthChecker.check_celery()["message"] == "1 worker(s) active"


@pytest.mark.parametrize(
    ("beats", "status", "words"),
    [
        ([], "unhealthy", "not running"),
        ([beat("worker")], "unhealthy", "not running"),
        ([beat("beat", last_tick=1.0)], "healthy", "Beat is running"),
        ([beat("beat"), beat("beat")], "degraded", "2 beats are running"),
        ([beat("beat", last_tick=61.0)], "unhealthy", "has not ticked for 61 s"),
        ([beat("beat", age=10.0)], "unhealthy", "not running"),
    ],
)
def test_beat_is_judged_by_its_heartbeat(beats: list[Heartbeat], status: str, words: str) -> None:
    found = checks.judge_beats(beats)
    assert found.status == status
    assert words in found.message


def test_a_broker_that_is_silent_is_unhealthy_and_its_address_stays_secret(
    black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from celery import Celery

    app = Celery("quiet", broker=f"redis://user:secret@127.0.0.1:{black_hole}/0", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2}
    monkeypatch.setattr(checks, "current_app", app)
    found = checks.Broker().run()
    assert found.status == "unhealthy"
    assert found.message.startswith("The broker does not answer: ")
    assert "secret" not in repr(found)


@pytest.mark.usefixtures("redis_client")
def test_a_broker_that_answers_is_healthy(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from celery import Celery

    monkeypatch.setattr(checks, "current_app", Celery("quiet", broker=redis_url, set_as_current=False))
    assert checks.Broker().run().message == "Broker connection OK"


def test_the_dashboard_shows_health_with_figures(client: Client, admin_user: Any, redis_client: Any) -> None:
    client.force_login(admin_user)
    health = client.get("/api/monitoring/dashboard/").json()["health"]
    assert health["status"] == "degraded"
    assert health["checks"]["redis"]["details"]["used_memory"] > 0
    assert "checked" not in health["checks"]["celery"]
