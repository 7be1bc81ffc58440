"""The context manager suppresses what was recovered, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import Retry, SoftTimeLimitExceeded
from django.http import Http404

from monitoring.errors.models import ErrorLog
from monitoring.recording.recorder import recorder
from monitoring.recovery import ErrorRecoveryContextManager
from tests.pipeline import drain_all

from .conftest import FAILED, SUCCEEDED

pytestmark = pytest.mark.django_db


def fails(exception: BaseException, service: str = "django") -> ErrorRecoveryContextManager:
    with ErrorRecoveryContextManager(service=service) as block:
        raise exception
    return block


def fails_async(exception: BaseException) -> ErrorRecoveryContextManager:
    async def main() -> ErrorRecoveryContextManager:
        async with ErrorRecoveryContextManager(service="django") as block:
            raise exception
        return block

    return asyncio.run(main())


BOTH = pytest.mark.parametrize("fail", [fails, fails_async])


@BOTH
def test_what_recovery_took_effect_on_is_suppressed(recovering: Callable[..., Any], fail: Callable[..., Any]) -> None:
    with recovering(SUCCEEDED) as recoverer:
        block = fail(ConnectionError("gone"))
    assert block.recovery == SUCCEEDED
    (asked,) = recoverer.asked
    assert (asked["trigger"], asked["error_id"]) == ("context", block.error_id.replace("-", ""))


@BOTH
def test_what_was_not_recovered_is_raised(recovering: Callable[..., Any], fail: Callable[..., Any]) -> None:
    with recovering(FAILED), pytest.raises(ConnectionError, match="gone"):
        fail(ConnectionError("gone"))


@BOTH
@pytest.mark.usefixtures("redis_client")
def test_what_is_not_known_to_be_recovered_in_time_is_raised(settings: Any, fail: Callable[..., Any]) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 50
    with pytest.raises(ConnectionError):
        fail(ConnectionError("gone"))


@pytest.mark.usefixtures("redis_client")
def test_the_error_is_one_of_the_service(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 1
    with pytest.raises(ConnectionError):
        fails(ConnectionError("gone"), service="laravel")
    recorder.flush()
    drain_all()
    assert ErrorLog.objects.get().service == "laravel"


@pytest.mark.usefixtures("redis_client")
@pytest.mark.parametrize(
    "exception",
    [KeyboardInterrupt(), SystemExit(1), GeneratorExit(), Http404(), Retry(), SoftTimeLimitExceeded()],
    ids=lambda one: type(one).__name__,
)
def test_what_is_no_failure_is_left_alone(exception: BaseException) -> None:
    with pytest.raises(type(exception)):
        fails(exception)
    recorder.flush()
    drain_all()
    assert not ErrorLog.objects.exists()


def test_a_block_that_succeeds_records_nothing() -> None:
    with ErrorRecoveryContextManager(service="django") as block:
        pass
    assert (block.error_id, block.recovery) == (None, None)


@pytest.mark.usefixtures("eager")
def test_where_recovery_is_off_it_is_raised_and_recorded(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY": "off"}
    block = ErrorRecoveryContextManager()
    with pytest.raises(ConnectionError), block:
        raise ConnectionError
    assert block.recovery is not None
    assert block.recovery["message"] == "Recovery is switched off."
    assert str(ErrorLog.objects.get().error_id) == block.error_id
