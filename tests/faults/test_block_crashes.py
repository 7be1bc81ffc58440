"""Wherever a decision ends, and however many decide at once, a client is blocked once, told of once, and known of."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from monitoring import protecting
from monitoring.component import Outage
from monitoring.conf import get_config
from monitoring.intake.drain import drain
from monitoring.protection.blocks.models import Block, BlockTotal
from monitoring.protection.counting.models import ErrorTally
from monitoring.protection.deciding import decide
from monitoring.protection.keys import blocked
from monitoring.protection.notices.models import Notice
from monitoring.recording.events import ServerError
from monitoring.recording.recorder import recorder
from monitoring.stream.decisions import Replica
from monitoring.stream.streams import FACTS
from tests.faults.processes import ENDED, Thread, end, end_at, in_child
from tests.pipeline import client, drain_all, intake
from tests.protection.failing import BAD, ROUTE, count, times

pytestmark = pytest.mark.usefixtures("redis_client", "database", "still")
STEPS = ["sweep", "lift", "read", "begin", "write the blocks", "plan the patches", "commit", "end"]


@pytest.fixture(autouse=True)
def told(settings: Any) -> None:
    """There is somebody to tell."""
    settings.SLACK_NOTIFICATION_URL = settings.CODEX_TRIGGER_URL = "http://127.0.0.1:1/"


def run(step: Callable[[str], None] = lambda name: None) -> int:
    return decide(get_config(), Outage(), step=step).blocked


def projected() -> set[str]:
    replica = Replica(get_config().stream_prefix)
    replica.catch_up(client())
    return set(replica.kinds.get("block", {}))


def assert_blocked_once() -> None:
    assert list(Block.objects.values_list("network", "withheld", "ended")) == [(f"{BAD}/32", "", None)]
    assert sorted(Notice.objects.values_list("kind", "subject")) == [("block", BAD), ("patch", ROUTE)]
    assert BlockTotal.objects.get(outcome="blocked").count == 1


def test_the_steps_of_a_decision_are_the_ones_tested_here() -> None:
    count(times(BAD, 6))
    seen: list[str] = []
    run(seen.append)
    assert seen == STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_decision_that_ends_at_a_step_is_made_once(step: str) -> None:
    count(times(BAD, 6))
    assert in_child(lambda: run(end_at(step))) == ENDED
    assert run() == (0 if step == "end" else 1)
    assert_blocked_once()
    protecting.protect(get_config())
    assert_blocked_once()


def test_two_who_decide_at_once_make_one_block() -> None:
    count(times(BAD, 6))
    barrier = threading.Barrier(2)

    def step(name: str) -> None:
        if name == ("write the blocks" if connection.vendor == "postgresql" else "begin"):
            barrier.wait(20)

    threads = [Thread(lambda: run(step)) for _ in range(2)]
    assert sorted(str(thread.result()) for thread in threads) == ["0", "1"]
    assert_blocked_once()


def test_a_run_that_dies_before_it_is_projected_is_projected_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    count(times(BAD, 6))
    monkeypatch.setattr(protecting.decisions, "project", lambda config: end())
    assert in_child(lambda: protecting.protect(get_config())) == ENDED
    monkeypatch.undo()
    assert projected() == set()
    protecting.decisions.project(get_config())
    assert projected() == {"4:32:cb007107"}


def test_keys_that_are_half_written_are_no_deleted_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    count(times(BAD, 6))
    run()
    monkeypatch.setattr(blocked, "_write", lambda *_: end())
    assert in_child(lambda: protecting.protect(get_config())) == ENDED
    monkeypatch.undo()
    protecting.protect(get_config())
    assert_blocked_once()
    assert client().exists(f"blocked_ip:{BAD}")


@pytest.mark.parametrize("step", ["begin", "write the rows", "commit", "delete"])
def test_a_drain_that_ends_at_a_step_counts_each_error_once(step: str) -> None:
    for _ in range(6):
        recorder.record_fact(ServerError(time.time_ns(), "GET", ROUTE.partition(" ")[2], 500, BAD, "ab" * 16, "", 0))
    recorder.flush()
    assert in_child(lambda: drain(intake(FACTS, step=end_at(step)), client())) == ENDED
    drain_all(FACTS)
    assert dict(ErrorTally.objects.values_list("client", "seen")) == {"": 6, f"{BAD}/32": 6}


def test_the_sixth_error_is_projected_and_a_redis_that_lost_everything_gets_it_back() -> None:
    for _ in range(6):
        recorder.record_fact(ServerError(time.time_ns(), "GET", ROUTE.partition(" ")[2], 500, BAD, "ab" * 16, "", 0))
    recorder.flush()
    taking = intake(FACTS)
    while drain(taking, client()):
        pass
    assert "protection" in taking.due
    assert protecting.protect(get_config())
    assert projected() == {"4:32:cb007107"}
    client().flushdb()
    protecting.protect(get_config())
    protecting.decisions.project(get_config())
    assert projected() == {"4:32:cb007107"}
    assert client().exists(f"blocked_ip:{BAD}")
    client().delete(f"blocked_ip:{BAD}")
    protecting.protect(get_config())
    assert projected() == set()
