"""What beat and workers say of scheduled runs arrives as one row a run, in whatever order."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery, signals
from celery.app.trace import build_tracer

from monitoring.conf import get_config
from monitoring.jobs.schedule.models import ScheduledRun
from monitoring.recording import beat as beats
from monitoring.recording import schedule
from monitoring.recording.events import ScheduledRun as Event
from monitoring.recording.events import TaskState
from monitoring.recording.recorder import recorder
from monitoring.stream import heartbeats
from tests import pipeline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]
_ids = itertools.count()


@pytest.fixture
def app() -> Iterator[Celery]:
    made = Celery("tests", broker="memory://", set_as_current=False)
    yield made
    made.close()


@pytest.fixture
def beat(app: Celery) -> Iterator[beats.Beat]:
    """This process is a beat."""
    service = SimpleNamespace(scheduler=SimpleNamespace(max_interval=5.0, _heap=[1, 2]), _last_tick=time.monotonic())
    made = beats.Beat(service)
    signals.before_task_publish.connect(made.sign, weak=False, dispatch_uid="beat")
    signals.after_task_publish.connect(made.published, weak=False, dispatch_uid="beat")
    yield made
    signals.before_task_publish.disconnect(dispatch_uid="beat")
    signals.after_task_publish.disconnect(dispatch_uid="beat")


def row() -> ScheduledRun:
    recorder.flush()
    pipeline.drain_all("facts")
    return ScheduledRun.objects.get()


def publish(app: Celery, **options: Any) -> str:
    return str(app.send_task("shop.report", queue="shop", headers={"periodic_task_name": "report"}, **options).id)


def test_what_beat_publishes_is_a_row_with_its_beat(app: Celery, beat: beats.Beat) -> None:
    task_id = publish(app)
    run = row()
    assert (run.task_id, run.entry, run.task, run.queue) == (task_id, "report", "shop.report", "shop")
    assert (run.origin, run.state, run.open) == (beat.node, "PUBLISHED", False)
    assert abs(run.published / 1000 - time.time()) < 60


def test_other_messages_and_retries_are_none(app: Celery, beat: beats.Beat) -> None:
    app.send_task("shop.report")
    publish(app, retries=1)
    recorder.flush()
    pipeline.drain_all("facts")
    assert not ScheduledRun.objects.exists()


def test_a_run_is_followed_from_its_message_to_its_end(app: Celery) -> None:
    @app.task(name="shop.report")
    def report() -> None:
        pass

    request = {
        "id": "one",
        "task": "shop.report",
        "delivery_info": {"routing_key": "shop"},
        "periodic_task_name": "report",
        "enginel_beat": "beat-1",
        "enginel": f"{time.time_ns() - 10**9};{time.time_ns() - 10**9};;;;;",
        "retries": 0,
        "is_eager": False,
    }
    build_tracer("shop.report", report, app=app)("one", [], {}, request)
    run = row()
    assert (run.state, run.rank, run.open, run.origin, run.queue) == ("SUCCESS", 2, True, "beat-1", "shop")
    assert run.started is not None
    assert run.ended is not None
    assert run.published < run.started <= run.ended


def test_a_run_of_a_task_that_is_not_recorded_is_followed_too(app: Celery, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "IGNORED_TASKS": ["shop.report"]}
    test_a_run_is_followed_from_its_message_to_its_end(app)


def test_facts_come_in_any_order() -> None:
    def happened(state: str, rank: int, at: int, **more: Any) -> Event:
        return Event(at * 10**6, "report", "one", "shop.report", "shop", "", "w", state, rank, **more)

    base = int(time.time() * 1000)
    facts = [
        Event(base * 10**6, "report", "one", "shop.report", "shop", "beat-1", "", "PUBLISHED", 0, base * 10**6),
        happened("STARTED", 1, base + 10, started=(base + 10) * 10**6),
        happened("RETRY", 2, base + 20, started=(base + 10) * 10**6),
        happened("STARTED", 3, base + 30, started=(base + 30) * 10**6),
        happened("FAILURE", 4, base + 40, started=(base + 30) * 10**6),
    ]
    for order in itertools.permutations(facts):
        if next(_ids) % 8:
            continue
        ScheduledRun.objects.all().delete()
        for event in order:
            recorder.record(event)
        run = row()
        assert (run.state, run.rank, run.origin, run.open) == ("FAILURE", 4, "beat-1", True)
        assert (run.published, run.started, run.ended) == (base, base + 10, base + 40)


def test_who_published_is_only_said_of_beats() -> None:
    def message(**headers: Any) -> Any:
        return SimpleNamespace(id="one", task="shop.report", delivery_info=None, retries=0, **headers)

    by_hand = message(periodic_task_name="report", origin="gen1@web")
    other_beat = message(periodic_task_name="report", origin="gen2@beat", celery_beat_task=True)
    assert schedule._origin(by_hand) == ""
    assert schedule._origin(other_beat) == "gen2@beat"
    schedule.ended(message(), TaskState.SUCCESS)
    recorder.flush()
    assert pipeline.drain_all("facts") == 0


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"id": "one"},
        {"id": "one", "entry": "report", "state": "SUCCESS", "rank": True},
        {"id": "one", "entry": "report", "state": "NONSENSE", "rank": 1},
        {"id": "one", "entry": "report", "state": "SUCCESS", "rank": -1},
        {"id": 1, "entry": ["report"], "state": "SUCCESS", "rank": 1},
    ],
)
def test_facts_of_another_form_are_left_out(values: dict[str, Any]) -> None:
    from monitoring.jobs.schedule.consume import _row
    from monitoring.storage.folding import Fact

    assert _row(Fact("scheduled", "shop", 1_000, values, {})) is None


def test_a_beat_says_how_it_is(beat: beats.Beat) -> None:
    config = get_config()
    heartbeats.send(pipeline.client(), config.stream_prefix, "beat", beat.node, beat.describe())
    (found,) = heartbeats.read(pipeline.client(), config.stream_prefix)
    assert found.node == beat.node
    assert (found.state["entries"], found.state["max_interval"]) == (2, 5.0)
    assert 0 <= found.state["last_tick"] < 60
