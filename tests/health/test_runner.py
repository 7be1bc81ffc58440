"""Checks run side by side under their limits; one that hangs is left behind, not started again and again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection, connections

from monitoring.component import Check, Outcome, Status
from monitoring.health import runner as module
from monitoring.health.runner import Runner
from tests.faults.processes import Thread
from tests.health.stubs import GOOD, Billing, Hanging, Raising


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.released.set()


def test_a_check_says_what_it_found() -> None:
    assert Runner().run([Billing()]) == {"billing": GOOD}


def test_one_that_hangs_holds_up_no_other(hanging: Hanging) -> None:
    found = Runner().run([hanging, Billing()])
    assert found["billing"] == GOOD
    assert (found["hanging"].status, found["hanging"].message) == (Status.UNHEALTHY, "No answer within 0.05 s.")


def test_one_that_still_hangs_is_reported_and_not_started_again(hanging: Hanging) -> None:
    runner = Runner()
    runner.run([hanging])
    for _ in range(20):
        assert "has been hanging for" in runner.run([hanging])["hanging"].message
    assert runner.threads == 1


def test_when_it_comes_back_it_runs_again(hanging: Hanging) -> None:
    runner = Runner()
    runner.run([hanging])
    hanging.released.set()
    while runner.threads:
        threading.Event().wait(0.001)
    assert runner.run([replace(hanging, time_limit=5.0)]) == {"hanging": GOOD}


def test_another_try_is_made_after_a_while_and_threads_stay_bounded(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TRY_AGAIN_SECONDS", 0.0)
    runner = Runner()
    for _ in range(8):
        runner.run([hanging])
    assert runner.threads == 3


def test_who_comes_while_a_check_runs_waits_for_the_same_run() -> None:
    started, release = threading.Event(), threading.Event()
    runs: list[int] = []

    @dataclass(frozen=True)
    class Once(Check):
        def run(self) -> Outcome:
            runs.append(1)
            started.set()
            release.wait(60)
            return GOOD

    runner = Runner()
    check = Once("once", "once", time_limit=10.0)
    first = Thread(lambda: runner.run([check]))
    started.wait(60)
    running = runner._start(check)
    assert runner._start(check) is running
    release.set()
    assert runner._await(check, running, 10.0) == GOOD
    assert first.result() == {"once": GOOD}
    assert len(runs) == 1


def test_what_an_error_says_is_for_admins_alone_and_without_its_password() -> None:
    found = Runner().run([Raising()])["raising"]
    assert (found.status, found.message) == (Status.UNHEALTHY, "The check of raising failed: ConnectionError")
    assert found.details["error"] == "no route to redis://[filtered]@10.0.0.1/0 as admin"


@pytest.mark.parametrize("returned", [None, "fine", 1])
def test_a_check_that_returns_nonsense_is_unhealthy(returned: Any) -> None:
    @dataclass(frozen=True)
    class Nonsense(Check):
        def run(self) -> Outcome:
            return returned  # type: ignore[no-any-return]

    found = Runner().run([Nonsense("nonsense", "nonsense")])["nonsense"]
    assert "TypeError" in found.message


def test_what_a_check_says_is_bounded_and_fits_into_json() -> None:
    outcome = Outcome(Status.HEALTHY, "x" * 10_000, {"object": object(), "text": "y" * 100_000, "url": "http://a:b@c/"})
    found = module.bounded(outcome)
    assert len(found.message) == 300
    assert found.details == {"object": "<object>", "text": "y" * 1000, "url": "http://[filtered]@c/"}


def test_a_check_has_a_connection_of_its_own_that_is_closed_afterwards(db: None) -> None:
    seen: list[Any] = []

    @dataclass(frozen=True)
    class Asking(Check):
        def run(self) -> Outcome:
            with connections["default"].cursor() as cursor:
                cursor.execute("SELECT 1")
            seen.append(connections["default"])
            return GOOD

    assert Runner().run([Asking("asking", "asking")])["asking"] == GOOD
    assert seen[0] is not connection
    assert seen[0].connection is None or seen[0].is_in_memory_db()


def test_a_fork_forgets_the_threads_of_its_parent(hanging: Hanging) -> None:
    runner = Runner()
    runner.run([hanging])
    runner.reset()
    assert runner.threads == 0
