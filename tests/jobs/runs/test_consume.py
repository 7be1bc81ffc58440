"""Executions from their events: what runs, what ended, and how often each was counted."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.intake.tally import tally
from monitoring.jobs.runs.models import RunningTask
from monitoring.metrics.models import LabelledTotal
from monitoring.recording.events import Started, Task, TaskState
from monitoring.recording.recorder import recorder
from tests.pipeline import counted, drain_all

pytestmark = pytest.mark.django_db


def begin(task_id: str) -> Started:
    event = Started(time.time_ns(), "shop.pack", "orders", task_id, False, None)
    recorder.record(event)
    return event


def end(began: Started, state: TaskState = TaskState.SUCCESS) -> None:
    began.ended = True
    recorder.record(Task(time.time_ns(), 1_000, began.name, began.queue, state, 0, "", began))


def send() -> None:
    assert recorder.flush()


def started() -> int:
    return sum(LabelledTotal.objects.filter(family="started").values_list("count", flat=True))


def running() -> set[str]:
    drain_all()
    return set(RunningTask.objects.values_list("task_id", flat=True))


def test_an_execution_within_one_batch_never_has_a_row_and_counts_as_started_once(redis_client: Any) -> None:
    end(begin("short"))
    send()
    assert running() == set()
    assert (started(), counted("folded")) == (1, {"task": 1})


def test_an_execution_that_outlives_a_batch_runs_until_its_end_is_taken_in(redis_client: Any) -> None:
    long = begin("long")
    send()
    assert running() == {"long"}
    end(long)
    send()
    assert running() == set()
    assert (started(), counted("folded")) == (1, {"started": 1, "task": 1})
    assert tally()["lost"] == {}


def test_what_the_main_process_tells_ends_every_execution_of_the_task(redis_client: Any) -> None:
    begin("killed")
    send()
    assert running() == {"killed"}
    recorder.record(
        Task(time.time_ns(), 1, "shop.pack", "orders", TaskState.FAILURE, 0, "WorkerLostError", None, "killed")
    )
    send()
    assert running() == set()
    assert started() == 1


def test_the_same_task_may_run_twice_at_a_time(redis_client: Any) -> None:
    first = begin("twice")
    time.sleep(0.002)
    second = begin("twice")
    send()
    drain_all()
    assert RunningTask.objects.count() == 2
    end(first)
    send()
    assert running() == {"twice"}
    end(second)
    send()
    assert running() == set()


@settings(
    deadline=None,
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 2**32))
def test_whatever_is_sent_together_the_same_is_running_and_counted(redis_client: Any, seed: int) -> None:
    before, stood = started(), running()
    chance, alive, begun = random.Random(seed), {}, 0
    for step in range(chance.randint(1, 40)):
        what = chance.random()
        if what < 0.45:
            task_id = f"{seed}-{step}"
            alive[task_id] = begin(task_id)
            begun += 1
        elif what < 0.8 and alive:
            end(alive.pop(chance.choice(sorted(alive))))
        elif what < 0.95:
            send()
        else:
            drain_all()
    send()
    assert running() - stood == set(alive)
    assert started() - before == begun
