"""`/api/health/detailed/` answers from memory what the last evaluation found, and whatever happens it answers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient, Client
from launcher.redis_server import RedisServer

from monitoring.access import probes
from monitoring.component import Status
from monitoring.conf import get_config
from monitoring.health import board as board_module
from monitoring.health import registry
from tests.faults.processes import Thread, in_child
from tests.health.stubs import Billing
from tests.pipeline import client as redis_of
from tests.system.platform import wait_until

URL = "/api/health/detailed/"
WAIT, FIRST, INLINE = probes.LIMIT_SECONDS, board_module._FIRST_ANSWER_SECONDS, board_module._INLINE_SECONDS
STUBS = "tests.health.stubs"
Publish = Callable[..., None]
Configure = Callable[..., None]


def test_it_answers_as_documented(client: Client, publish: Publish) -> None:
    publish()
    response = client.get(URL)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["status", "timestamp", "checks"]
    assert body["status"] == "healthy"
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    assert body["timestamp"].endswith("Z")
    assert body["checks"]["database"] == {"status": "healthy", "message": "This is database"}
    assert list(body["checks"])[:4] == ["database", "redis", "celery", "storage"]
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("status", "code"), [(Status.DEGRADED, 200), (Status.UNHEALTHY, 503)])
def test_a_component_that_is_unhealthy_makes_it_503_and_one_that_is_degraded_does_not(
    client: Client, publish: Publish, status: Status, code: int
) -> None:
    publish(storage=status)
    response = client.get(URL)
    assert (response.status_code, response.json()["status"]) == (code, status)


def test_it_follows_the_snapshot(client: Client, publish: Publish) -> None:
    publish()
    assert client.get(URL).status_code == 200
    publish(database=Status.UNHEALTHY)
    wait_until(lambda: client.get(URL).status_code == 503, "the copy follows")
    publish()
    wait_until(lambda: client.get(URL).status_code == 200, "and follows")


def test_it_costs_no_query_and_no_command(client: Client, publish: Publish, commands: list[str]) -> None:
    publish()
    client.get(URL)
    commands.clear()
    for _ in range(100):
        assert client.get(URL).status_code == 200
    assert commands == []  # and without the `db` fixture every query would raise


def test_it_speaks_the_health_format_to_who_asks_for_it(client: Client, publish: Publish) -> None:
    publish(storage=Status.DEGRADED)
    response = client.get(URL, headers={"accept": "text/html, application/health+json;q=0.9"})
    assert response["Content-Type"] == "application/health+json"
    assert response.json()["status"] == "warn"
    assert response.json()["checks"]["storage"][0]["output"] == "This is storage"
    assert client.get(URL, headers={"accept": "text/plain"})["Content-Type"] == "application/json"


def test_an_evaluator_that_dies_is_named_and_its_return_is_seen(
    client: Client, publish: Publish, configure: Configure
) -> None:
    configure(HEALTH_STALE_SECONDS=0.5)
    publish()
    client.get(URL)
    wait_until(lambda: client.get(URL).status_code == 503, "the snapshot is too old")
    checks = client.get(URL).json()["checks"]
    assert "The health evaluator is dead" in checks["evaluator"]["message"]
    assert checks["database"]["message"] == "Not known any more; last: This is database"
    configure(HEALTH_STALE_SECONDS=60.0)
    publish()
    wait_until(lambda: client.get(URL).status_code == 200, "it is back")


def test_a_process_that_starts_later_sees_at_once_that_the_evaluator_is_dead(client: Client, publish: Publish) -> None:
    publish()
    key = f"{get_config().stream_prefix}:health"
    head, body = redis_of().get(key).split(b"\n", 1)
    version, published = head.split()
    redis_of().set(key, b"%s %d\n%s" % (version, int(published) - 3_600_000, body))
    response = client.get(URL)
    assert response.status_code == 503
    assert "no new result for 36" in response.json()["checks"]["evaluator"]["message"]


@pytest.mark.usefixtures("redis_client")
def test_a_snapshot_never_written_is_evaluated_here_once_however_many_ask(
    db: None, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "SHIPPED", (f"{STUBS}.Inline", f"{STUBS}.Billing"))
    registry._load.cache_clear()
    configure(HEALTH_GRACE_SECONDS=600.0)
    barrier = threading.Barrier(20)

    def ask() -> Any:
        barrier.wait(60)
        return Client().get(URL).json()

    answers = [thread.result() for thread in [Thread(ask) for _ in range(20)]]
    registry._load.cache_clear()
    assert Billing.runs == 1
    for answer in answers:
        assert answer["status"] == "degraded"
        assert answer["checks"]["inline"]["status"] == "healthy"
        assert answer["checks"]["billing"] == {"status": "degraded", "message": "Not checked yet"}


@pytest.mark.usefixtures("redis_client")
def test_after_the_grace_a_snapshot_that_was_never_written_is_a_dead_evaluator(
    client: Client, db: None, configure: Configure
) -> None:
    configure(HEALTH_GRACE_SECONDS=0.01)
    wait_until(lambda: client.get(URL).status_code == 503, "the grace is over")
    checks = client.get(URL).json()["checks"]
    assert "it has never published a result" in checks["evaluator"]["message"]
    assert checks["celery"] == {"status": "unhealthy", "message": "Not checked within 0 s"}


def test_a_redis_that_hangs_is_a_503_and_holds_nobody(
    client: Client, db: None, configure: Configure, black_hole: int
) -> None:
    configure(REDIS_URL=f"redis://127.0.0.1:{black_hole}/0")
    response = client.get(URL)
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["redis"]["status"] == "unhealthy"
    assert checks["database"]["status"] == "healthy"
    assert WAIT < 1
    assert FIRST + INLINE < WAIT


def test_a_redis_that_stops_is_a_503_and_its_return_is_seen(
    client: Client, publish: Publish, configure: Configure, tmp_path: Path
) -> None:
    server = RedisServer(tmp_path / "redis")
    server.start()
    try:
        configure(REDIS_URL=server.url, HEALTH_STALE_SECONDS=600.0)
        publish()
        assert client.get(URL).status_code == 200
        server.stop()
        wait_until(lambda: client.get(URL).status_code == 503, "Redis is missed")
        checks = client.get(URL).json()["checks"]
        assert checks["redis"]["message"] == "Redis does not answer this process"
        assert checks["evaluator"]["status"] == "degraded"
        server.start()
        wait_until(lambda: client.get(URL).status_code == 200, "Redis is back")
    finally:
        server.stop()


def test_a_child_follows_by_itself_after_a_fork(client: Client, publish: Publish) -> None:
    publish()
    client.get(URL)
    publish(storage=Status.UNHEALTHY)

    def ask() -> None:
        assert Client().get(URL).status_code == 503

    assert in_child(ask) == 0


def test_an_event_loop_goes_on_while_a_probe_waits(
    settings: Any, db: None, configure: Configure, black_hole: int
) -> None:
    settings.MIDDLEWARE = ["monitoring.access.probes.ProbeMiddleware"]
    configure(REDIS_URL=f"redis://127.0.0.1:{black_hole}/0")
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0)

    async def probe() -> Any:
        ticking = asyncio.create_task(tick())
        answers = await asyncio.gather(*(AsyncClient().get(URL, headers={"host": "10.0.0.1"}) for _ in range(10)))
        ticking.cancel()
        return answers

    answers = asyncio.run(probe())
    assert {answer.status_code for answer in answers} == {503}
    assert len(ticks) > 100


def test_a_system_without_threads_left_is_answered_all_the_same(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert client.get(URL).status_code == 200
    assert client.get("/api/health/ready/").status_code == 503


def test_statuses_are_there_for_metrics(publish: Publish) -> None:
    publish(storage=Status.DEGRADED)
    known = board_module.board.pending()
    assert known is not None
    known.wait(60)
    assert board_module.board.statuses()["storage"] is Status.DEGRADED
    assert board_module.board.statuses()["evaluator"] is Status.HEALTHY


def test_liveness_starts_nothing_and_asks_nobody(client: Client, commands: list[str]) -> None:
    assert client.get("/api/health/").json()["status"] == "ok"
    assert board_module.board._following is None
    assert commands == []
