"""A task that is nudged runs once for all who ask before it begins, and again for who asks while it runs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from tasks.nudging import alone, nudge

pytestmark = pytest.mark.usefixtures("redis_client")


class Task:
    """Stands where a Celery task is asked for, and counts."""

    def __init__(self, name: str = "tasks.example", error: Exception | None = None) -> None:
        self.name, self.asked, self.error = name, 0, error

    def apply_async(self, **_: Any) -> None:
        if self.error is not None:
            raise self.error
        self.asked += 1


def test_many_nudges_ask_for_one_run_until_it_begins() -> None:
    task = Task()
    for _ in range(5):
        nudge(task)
    assert task.asked == 1
    with alone(task, 10) as mine:
        assert mine
        nudge(task)  # what is committed now, this run may not have seen
        nudge(task)
    assert task.asked == 2


def test_a_run_that_meets_another_one_leaves_it_the_word() -> None:
    task = Task()
    with alone(task, 10) as first:
        with alone(task, 10) as second:
            assert (first, second) == (True, False)
        assert task.asked == 0
    assert task.asked == 1
    with alone(task, 10) as third:
        assert third
    assert task.asked == 1


def test_runs_side_by_side_always_leave_one_that_begins_after_the_last_of_them() -> None:
    """However they interleave: of runs that were refused, another one is asked for."""
    task, refused, began = Task(), [], []

    def run() -> None:
        for _ in range(20):
            with alone(task, 10) as mine:
                (began if mine else refused).append(task.asked)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(began) + len(refused) == 80
    assert began
    assert not refused or task.asked > 0
    before = task.asked
    with alone(task, 10) as mine:
        assert mine
    assert task.asked == before


def test_a_broker_that_is_away_leaves_the_next_nudge_free() -> None:
    nudge(Task(error=OperationalError("away")))
    task = Task()
    nudge(task)
    assert task.asked == 1


def test_a_run_that_fails_holds_nobody_up() -> None:
    task = Task()
    with pytest.raises(ValueError, match="broken"), alone(task, 10):
        raise ValueError("broken")
    with alone(task, 10) as mine:
        assert mine
