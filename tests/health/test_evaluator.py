"""Evaluations follow each other whoever makes them, and get through without Redis and without the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from monitoring.component import Outcome, Status
from monitoring.conf import get_config
from monitoring.health import registry
from monitoring.health.evaluator import Evaluator
from monitoring.health.models import ComponentState
from monitoring.health.retention import prune
from monitoring.health.rows import write
from monitoring.health.snapshot import Part, Snapshot, decode
from monitoring.stream import snapshots
from tests.health.stubs import Billing
from tests.pipeline import client
from tests.system.platform import wait_until

pytestmark = pytest.mark.usefixtures("redis_client")

BAD = Outcome(Status.UNHEALTHY, "Broken")
STUBS = "tests.health.stubs"


@pytest.fixture(autouse=True)
def billing_alone(configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Evaluate one check, which the test has in its hand."""
    monkeypatch.setattr(registry, "SHIPPED", (f"{STUBS}.Billing",))
    monkeypatch.setattr("monitoring.health.snapshot.PERIOD", 0.0)
    registry._load.cache_clear()
    configure(HEALTH_FALL=2, HEALTH_RISE=2)
    yield
    registry._load.cache_clear()


def published() -> Snapshot | None:
    held = snapshots.read(client(), get_config().stream_prefix)
    return decode(held.body) if held else None


@pytest.mark.django_db(transaction=True)
def test_it_publishes_a_snapshot_and_stores_rows() -> None:
    snapshot = Evaluator().evaluate()
    assert snapshot is not None
    assert published() == snapshot
    row = ComponentState.objects.get()
    assert (row.component, row.status, row.message, row.details) == ("billing", "healthy", "All is well", {"figure": 1})


@pytest.mark.django_db(transaction=True)
def test_another_process_goes_on_where_one_stopped() -> None:
    Evaluator().evaluate()
    Billing.outcome = BAD
    first, second = Evaluator().evaluate(), Evaluator().evaluate()
    assert first is not None
    assert second is not None
    assert [one.checks["billing"].status for one in (first, second)] == [Status.HEALTHY, Status.UNHEALTHY]
    assert (first.version, second.version) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_time_one_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    slow, fast = Evaluator(), Evaluator()
    slow.evaluate()
    run = slow._runner.run

    def overtaken(*arguments: Any) -> Any:
        assert fast.evaluate() is not None
        return run(*arguments)

    monkeypatch.setattr(slow._runner, "run", overtaken)
    assert slow.evaluate() is None
    snapshot = published()
    assert snapshot is not None
    assert snapshot.version == 2


def test_a_second_evaluation_in_the_same_process_does_not_wait_for_the_first() -> None:
    evaluator = Evaluator()
    with evaluator._busy:
        assert evaluator.evaluate() is None


@pytest.mark.django_db(transaction=True)
def test_without_redis_it_goes_on_with_what_it_knows_and_stores_rows(
    configure: Callable[..., None], black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.health.evaluator._TIMEOUT", 0.05)
    evaluator = Evaluator()
    before = evaluator.evaluate()
    assert before is not None
    configure(REDIS_URL=f"redis://127.0.0.1:{black_hole}/0")
    evaluator._disconnect()
    Billing.outcome = BAD
    evaluator.evaluate()
    after = evaluator.evaluate()
    assert after is not None
    assert after.version == before.version + 2
    assert ComponentState.objects.get().status == "unhealthy"


@pytest.mark.django_db(transaction=True)
def test_when_redis_is_back_what_was_known_meanwhile_is_published(
    configure: Callable[..., None], redis_url: str, black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.health.evaluator._TIMEOUT", 0.05)
    evaluator = Evaluator()
    configure(REDIS_URL=f"redis://127.0.0.1:{black_hole}/0")
    first = evaluator.evaluate()
    assert first is not None
    configure(REDIS_URL=redis_url)
    evaluator._disconnect()
    second = evaluator.evaluate()
    assert second == published()
    assert second is not None
    assert second.version == 2
    assert second.checks["billing"].since == first.checks["billing"].since


def test_without_the_database_the_snapshot_goes_out(db_that_hangs: None) -> None:
    evaluator = Evaluator()
    evaluator.evaluate()
    evaluator.evaluate()
    snapshot = published()
    assert snapshot is not None
    assert snapshot.version == 2
    wait_until(lambda: evaluator._runner.threads == 1, "one thread alone waits for the database")


@pytest.fixture
def db_that_hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let writing rows hang, as it does on a database that is gone without a word."""
    released = threading.Event()

    def hang(*_: Any) -> None:
        released.wait(60)

    monkeypatch.setattr("monitoring.health.rows.write", hang)
    monkeypatch.setattr("monitoring.health.runner.LONGEST", 0.05)
    yield
    released.set()


@pytest.mark.django_db(transaction=True)
def test_rows_are_written_when_something_changes_and_not_every_time() -> None:
    evaluator = Evaluator()
    evaluator.evaluate()
    checked = ComponentState.objects.get().checked
    evaluator.evaluate()
    assert ComponentState.objects.get().checked == checked
    Billing.outcome = BAD
    evaluator.evaluate()
    evaluator.evaluate()
    assert ComponentState.objects.get().status == "unhealthy"


@pytest.mark.django_db
def test_an_older_result_does_not_replace_a_newer_one() -> None:
    assert write("billing", Part(Status.HEALTHY, "new", checked=200.0, since=100.0))
    assert not write("billing", Part(Status.UNHEALTHY, "old", checked=150.0, since=150.0))
    assert ComponentState.objects.get().message == "new"


@pytest.mark.django_db
def test_an_evaluator_that_began_anew_does_not_forget_since_when() -> None:
    write("billing", Part(Status.HEALTHY, "fine", checked=200.0, since=100.0))
    since = ComponentState.objects.get().since
    write("billing", Part(Status.HEALTHY, "fine", checked=300.0, since=300.0))
    assert ComponentState.objects.get().since == since
    write("billing", Part(Status.UNHEALTHY, "broken", checked=400.0, since=400.0))
    assert ComponentState.objects.get().since - since == timedelta(seconds=300)


@pytest.mark.django_db
def test_components_that_nobody_checks_any_more_are_forgotten() -> None:
    now = time.time()
    write("old", Part(Status.HEALTHY, "fine", checked=now - 90_000, since=now - 90_000))
    write("new", Part(Status.HEALTHY, "fine", checked=now - 80_000, since=now - 90_000))
    prune()
    assert ComponentState.objects.get().component == "new"


def test_a_check_that_hangs_does_not_keep_the_snapshot_from_going_out(configure: Callable[..., None]) -> None:
    configure(HEALTH_CHECKS=[f"{STUBS}.Hanging"])
    evaluator = Evaluator()
    evaluator._written = {"billing": (Status.HEALTHY, "All is well", 9e9), "hanging": (Status.UNHEALTHY, "", 9e9)}
    for _ in range(3):
        evaluator.evaluate()
    snapshot = published()
    assert snapshot is not None
    assert snapshot.checks["billing"].status is Status.HEALTHY
    assert "has been hanging for" in snapshot.checks["hanging"].message
    for check in registry.load(get_config()).checks:
        getattr(check, "released", threading.Event()).set()
    wait_until(lambda: not evaluator._runner.threads, "the hanging thread ends")


def test_what_changes_is_logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.evaluator.stale", lambda *_: {})
    evaluator = Evaluator()
    with caplog.at_level("INFO", "monitoring.health"):
        evaluator.evaluate()
        Billing.outcome = BAD
        evaluator.evaluate()
        assert caplog.messages == []
        evaluator.evaluate()
    assert caplog.messages == ["billing is unhealthy: Broken"]


def test_it_takes_few_commands(redis_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.health.evaluator.stale", lambda *_: {})
    evaluator = Evaluator()
    evaluator.evaluate()
    with redis_client.monitor() as monitor:
        evaluator.evaluate()
        redis_client.ping()
        mine = []
        for command in monitor.listen():
            if command["command"].startswith("PING"):
                break
            if get_config().stream_prefix in command["command"] and command["client_type"] != "lua":
                mine.append(command["command"].split()[0])
    assert sorted(mine) == ["EVAL", "GET"]


def test_the_schedule_evaluates_on_the_queue_of_the_platform() -> None:
    from celery import Celery

    from tasks.schedule import install

    app = Celery("shop", set_as_current=False)
    install(app)
    entry = app.conf.beat_schedule["enginel-evaluate-health"]
    assert (entry["task"], entry["schedule"]) == ("tasks.health.evaluate", 5.0)
    assert app.amqp.router.route({}, "tasks.health.evaluate")["queue"].name == "monitoring"
