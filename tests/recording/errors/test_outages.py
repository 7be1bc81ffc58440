"""That Redis, the broker or the database is away is told once, by its health, and not by everybody who misses it."""

from __future__ import annotations

import logging
from typing import Any

import kombu.exceptions
import pytest
import redis
from django.db import InterfaceError, OperationalError

from monitoring.errors.models import ErrorLog
from monitoring.recording import errors

pytestmark = pytest.mark.usefixtures("eager")
AWAY: list[Any] = [
    redis.ConnectionError("Error 111 connecting to 127.0.0.1:6379."),
    redis.exceptions.BusyLoadingError("Redis is loading the dataset in memory"),
    redis.TimeoutError("Timeout reading from socket"),
    kombu.exceptions.OperationalError("Error 111"),
    OperationalError("server closed the connection unexpectedly"),
    InterfaceError("connection already closed"),
]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_our_own_tasks_that_miss_it_are_no_errors_and_those_of_the_project_are(error: Exception) -> None:
    errors.ended_task(error, "tasks.intake.drain", None)
    assert not ErrorLog.objects.exists()
    errors.ended_task(error, "shop.tasks.pay", None)
    assert ErrorLog.objects.get().name == "shop.tasks.pay"


def test_other_failures_of_our_own_tasks_are_errors() -> None:
    errors.ended_task(KeyError("shard"), "tasks.intake.drain", None)
    assert ErrorLog.objects.get().error_type == "KeyError"


@pytest.mark.parametrize(
    ("logger", "line", "arguments"),
    [
        ("celery.worker.consumer.consumer", "consumer: Cannot connect to %s: %s.\n%s\n", ("redis://", "away", "")),
        ("flower.events", "Failed to capture events: '%s', trying again in %s seconds.", ("away", 1)),
    ],
)
def test_lines_of_celery_and_flower_that_look_for_their_broker_are_no_errors(
    logger: str, line: str, arguments: tuple[Any, ...]
) -> None:
    logging.getLogger(logger).error(line, *arguments)
    assert not ErrorLog.objects.exists()
    logging.getLogger("shop.worker").error(line, *arguments)
    assert ErrorLog.objects.count() == 1
