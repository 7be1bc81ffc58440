"""`/api/health/ready/` says whether this process can serve; nothing that all share takes all of them out."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from launcher.postgres_server import PostgresServer, find_binaries

from monitoring.component import Outcome, Status
from monitoring.health import readiness as module
from monitoring.health.checks.database import Database
from monitoring.health.readiness import readiness
from tests.faults.processes import Thread, in_child
from tests.system.platform import wait_until

URL = "/api/health/ready/"
Configure = Callable[..., None]

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at every question."""
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)


def test_a_process_that_can_serve_is_ready(client: Client) -> None:
    response = client.get(URL)
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], list(body["checks"])) == ("healthy", ["database", "redis", "migrations"])


def test_without_worker_beat_or_evaluator_it_is_ready(client: Client, configure: Configure) -> None:
    configure(HEALTH_GRACE_SECONDS=0.001)
    wait_until(lambda: client.get("/api/health/detailed/").status_code == 503, "the evaluator is missed")
    assert client.get(URL).status_code == 200


def test_within_five_seconds_it_costs_no_query_and_no_command(
    client: Client, commands: list[str], django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get(URL)
    commands.clear()
    monkeypatch.setattr(module, "CACHE_SECONDS", 600.0)
    monkeypatch.setattr(Database, "run", pytest.fail)
    with django_assert_num_queries(0):
        for _ in range(100):
            assert client.get(URL).status_code == 200
    assert commands == []


def test_all_who_ask_at_once_wait_for_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    run = Database.run

    def count(self: Database) -> Outcome:
        looks.append(1)
        return run(self)

    monkeypatch.setattr(Database, "run", count)
    barrier = threading.Barrier(20)

    def ask() -> int:
        barrier.wait(60)
        return Client().get(URL).status_code

    assert {thread.result() for thread in [Thread(ask) for _ in range(20)]} == {200}
    assert len(looks) == 1


@pytest.mark.usefixtures("uncached")
def test_one_failure_is_none_and_two_in_a_row_are(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get(URL).status_code == 200
    bad = Outcome(Status.UNHEALTHY, "Gone")
    with monkeypatch.context() as broken:
        broken.setattr(Database, "run", lambda _: bad)
        assert client.get(URL).status_code == 200
        assert client.get(URL).status_code == 503
    assert client.get(URL).status_code == 503
    assert client.get(URL).status_code == 200


@pytest.mark.usefixtures("uncached")
def test_a_database_that_hangs_holds_neither_threads_nor_whom_it_serves(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(Database, "run", lambda _: released.wait(60))
    monkeypatch.setattr(module, "LIMIT", 0.05)
    for _ in range(10):
        response = client.get(URL)
        assert response.status_code == 503
        assert response.json()["checks"]["database"]["status"] == "unhealthy"
    wait_until(lambda: readiness._runner.threads == 1, "the others have come back")
    assert readiness._runner.threads == 1
    released.set()
    wait_until(lambda: not readiness._runner.threads, "its thread ends")


def test_a_redis_that_hangs_makes_it_unready(client: Client, configure: Configure, black_hole: int) -> None:
    configure(REDIS_URL=f"redis://127.0.0.1:{black_hole}/0")
    response = client.get(URL)
    assert response.status_code == 503
    assert {name: one["status"] for name, one in response.json()["checks"].items()} == {
        "database": "healthy",
        "redis": "unhealthy",
        "migrations": "healthy",
    }


def test_a_migration_that_is_missing_makes_it_unready_until_it_is_applied(
    client: Client, uncached: None, configure: Configure
) -> None:
    configure(HEALTH_RISE=1)
    recorder = MigrationRecorder(connections["default"])
    last = max(name for app, name in recorder.applied_migrations() if app == "monitoring")
    recorder.record_unapplied("monitoring", last)
    try:
        assert client.get(URL).json()["checks"]["migrations"]["status"] == "unhealthy"
    finally:
        recorder.record_applied("monitoring", last)
    wait_until(lambda: client.get(URL).status_code == 200, "it is applied")


def test_a_child_looks_for_itself_after_a_fork(client: Client) -> None:
    client.get(URL)
    looking = readiness._lock
    looking.acquire()
    try:

        def ask() -> None:
            assert readiness._last is None
            assert readiness.pending() is not None

        assert in_child(ask) == 0
    finally:
        looking.release()


def test_it_answers_asynchronously_and_under_any_host(settings: Any) -> None:
    settings.MIDDLEWARE = ["monitoring.access.probes.ProbeMiddleware"]
    settings.ALLOWED_HOSTS = ["example.org"]

    async def probe() -> Any:
        return await AsyncClient().get(URL, headers={"host": "10.0.0.1"})

    assert asyncio.run(probe()).status_code == 200


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresServer]:
    """A PostgreSQL of one's own, in place of the one that tests share."""
    binaries = find_binaries()
    if connections["default"].vendor != "postgresql" or binaries is None:
        pytest.skip("PostgreSQL only")
    made = PostgresServer(binaries)
    made.start()
    user, _, rest = made.url.removeprefix("postgres://").partition(":")
    password, _, rest = rest.partition("@")
    host, _, port = rest.partition("/")[0].partition(":")
    settings = connections.settings["default"]
    for key, value in {"USER": user, "PASSWORD": password, "HOST": host, "PORT": port, "NAME": "enginel"}.items():
        monkeypatch.setitem(settings, key, value)
    yield made
    made.stop()


def test_a_postgresql_that_freezes_and_stops_is_seen_and_so_is_its_return(
    client: Client, uncached: None, server: PostgresServer, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(HEALTH_FALL=1, HEALTH_RISE=1)
    monkeypatch.setattr(module, "LIMIT", 2.0)

    def database() -> str:
        return str(client.get(URL).json()["checks"]["database"]["status"])

    assert database() == "healthy"
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    assert database() == "unhealthy"
    assert database() == "unhealthy"
    assert readiness._runner.threads <= 2
    process.send_signal(signal.SIGCONT)
    wait_until(lambda: database() == "healthy", "it goes on")
    server.stop()
    assert database() == "unhealthy"
