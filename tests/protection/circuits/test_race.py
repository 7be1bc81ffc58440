"""Fifty real processes want to call through a circuit that is tried: as many pass as are permitted, and no more."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitoring import decisions
from monitoring.conf import get_config
from monitoring.protection.circuits import actions, consume, deciding, policy, reading, writing
from monitoring.protection.circuits.models import CircuitAsker, CircuitCall, CircuitPermit, Outcome, State
from tests.pipeline import drain_all

from .calling import declare, take_in, the_circuit

pytestmark = [pytest.mark.django_db, pytest.mark.system]
ROOT = Path(__file__).resolve().parents[3]
PROCESSES, PERMITTED = 50, 3
_SECONDS = 120.0


class Callers:
    """The processes, and what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = get_config()
        said = {"REDIS_URL": config.redis_url, "STREAM_PREFIX": config.stream_prefix, "SERVICE": "shop"}
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.protection.circuits.callers", str(folder), str(PROCESSES)],
            cwd=ROOT,
            env={**environment, "MONITORING": json.dumps(said)},
        )

    @property
    def passed(self) -> list[tuple[int, str]]:
        """The process of each call that was let through: its number, and its name."""
        file = self.folder / "passed"
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        return [(int(pid), name) for pid, name in map(str.split, lines)]

    def say(self, what: str) -> None:
        (self.folder / what).touch()

    def end(self) -> None:
        self.say("stop")
        try:
            self.process.wait(30)
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing lapse because this machine has other work: what is over, the test says."""
    monkeypatch.setattr(writing, "BEGIN", 600_000)
    for module in (consume, policy, reading):
        monkeypatch.setattr(module, "ASKED", 600_000)


@pytest.fixture
def callers(redis_client: object, patient: None, tmp_path: Path) -> Iterator[Callers]:
    take_in(facts=[declare(half_open_requests=PERMITTED)])
    actions.open_it(the_circuit(), "anna", datetime.now(UTC), reason="For the test.", seconds=0.001)
    decisions.project(get_config())
    started = Callers(tmp_path)
    yield started
    started.end()


def run() -> None:
    """Do once what Celery does all the time."""
    drain_all()
    if deciding.decide():
        decisions.project(get_config())


def run_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}; {list(CircuitPermit.objects.values())}"
        run()


def refused() -> int:
    return sum(CircuitCall.objects.values_list("refused", flat=True))


def test_at_most_the_permitted_calls_pass_and_who_dies_with_a_permit_blocks_nobody(callers: Callers) -> None:
    run_until(lambda: len(callers.passed) >= PERMITTED, "the permitted calls pass")
    before = refused()
    run_until(lambda: refused() >= before + 10 * PROCESSES, "everybody is refused, over and over")
    assert len(callers.passed) == PERMITTED
    granted = CircuitPermit.objects.values_list("process", flat=True)
    assert sorted(name for _, name in callers.passed) == sorted(granted)
    assert len(set(granted)) == PERMITTED
    assert the_circuit().state == State.HALF_OPEN

    (killed, name), *others = callers.passed
    os.kill(killed, signal.SIGKILL)
    # As if the time were over after which nobody waits for its outcome any more.
    assert CircuitPermit.objects.filter(process=name).update(lost=1, void=1) == 1
    run_until(lambda: len(callers.passed) > PERMITTED, "another process is permitted a call in its place")
    assert len(callers.passed) == PERMITTED + 1
    successor = callers.passed[-1][1]
    assert successor not in {name, *(other for _, other in others)}

    callers.say("answer")
    run_until(lambda: the_circuit().state == State.CLOSED, "it is closed")
    outcomes = dict(CircuitPermit.objects.values_list("process", "outcome"))
    assert outcomes == {name: "", **dict.fromkeys((successor, *(other for _, other in others)), Outcome.SUCCEEDED)}
    assert not CircuitAsker.objects.exists()
    run_until(lambda: len({one for _, one in callers.passed}) == PROCESSES, "everybody may call again")
