"""From calls that fail to calls that are refused, through Redis and the tasks; and what becomes of it without Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.errors.models import ErrorLog
from monitoring.protection.circuits import decisions
from monitoring.protection.circuits.models import State
from monitoring.recording import errors, presence
from monitoring.recording.decisions import copy
from monitoring.recording.events import Counter
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience import circuits, standing
from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.stream.streams import FACTS, MEASURES
from tasks.intake import _DUE
from tests.jobs.actions.conftest import wait_until
from tests.pipeline import drain_all
from tests.private_redis import PrivateRedis

from .calling import the_circuit


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[PrivateRedis]:
    """This process follows decisions, and knows of no circuit."""
    server = PrivateRedis(tmp_path)
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": server.url, "SERVICE": "shop"}
    circuits.forget()
    presence.begin()
    yield server
    copy.reset()
    circuits.forget()
    server.kill()


def fail(times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(ConnectionError), circuit("payments", timeout_seconds=0.5):
            raise ConnectionError


def passes() -> bool:
    try:
        with circuit("payments"):
            return True
    except CircuitOpenError:
        return False


@pytest.mark.django_db
def test_calls_are_refused_soon_and_go_on_to_be_without_redis_until_nobody_has_told_for_too_long(
    server: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "_GOOD", 6_000)
    monkeypatch.setattr(decisions, "_RENEWED", 1_000)
    fail(5)
    recorder.flush()
    drain_all(FACTS, MEASURES)
    _DUE["circuits"]()
    assert the_circuit().state == State.OPEN
    wait_until(lambda: not passes(), "this process knows")

    server.kill()
    noted: list[Any] = []
    monkeypatch.setattr(recorder, "record", noted.append)
    assert not passes()
    wait_until(passes, "it is void")
    wait_until(lambda: not standing.standing, "this process forgets it")
    assert standing.LAPSED in [event.name for event in noted if isinstance(event, Counter)]


@pytest.mark.usefixtures("eager")
def test_an_error_tells_what_it_was_inside_of() -> None:
    with pytest.raises(ConnectionError) as raised, circuit("shop"), circuit("payments"):
        raise ConnectionError
    errors.report(raised.value)
    assert ErrorLog.objects.get().context["dependency"] == "payments"
