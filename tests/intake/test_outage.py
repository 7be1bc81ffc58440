"""That the database took nothing in for a while is told with what it takes in first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from monitoring.intake import outage
from monitoring.intake.drain import drain
from monitoring.protection.interruptions.models import Interruption
from monitoring.recording.events import ServerError
from monitoring.recording.recorder import recorder
from monitoring.stream.streams import FACTS
from tests.pipeline import client, intake

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_client")]


@pytest.fixture(autouse=True)
def well() -> Iterator[None]:
    outage.ended()
    yield
    outage.ended()


def fail_with(error: type[Exception]) -> Any:
    def step(name: str) -> None:
        if name == "begin":
            raise error("the server closed the connection unexpectedly")

    return step


def record() -> None:
    recorder.record_fact(ServerError(1, "GET", "api/orders/", 500, "203.0.113.7", "", "", 0))
    assert recorder.flush()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_what_comes_after_an_outage_of_the_database_says_so_once(error: type[Exception]) -> None:
    before = datetime.now(UTC)
    record()
    for _ in range(2):
        with pytest.raises(error):
            drain(intake(FACTS, step=fail_with(error)), client())
    assert not Interruption.objects.exists()

    assert drain(intake(FACTS), client()) == 1
    (told,) = Interruption.objects.all()
    assert told.began < before < told.ended < datetime.now(UTC) + timedelta(seconds=10)

    record()
    assert drain(intake(FACTS), client()) == 1
    assert Interruption.objects.count() == 1


def test_without_an_outage_nothing_is_told() -> None:
    record()
    drain(intake(FACTS), client())
    assert not Interruption.objects.exists()
