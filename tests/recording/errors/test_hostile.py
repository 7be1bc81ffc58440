"""Exceptions that do something when they are looked at cost what was looked at, and nobody's request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.context import Context, current
from monitoring.recording.raised.reading import ask
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

pytestmark = pytest.mark.usefixtures("eager")


def explode(*_: Any) -> Any:
    raise OSError("asked")


def made(**members: Any) -> type[Exception]:
    return type("HostileError", (Exception,), members)


HOSTILE: list[Callable[[], BaseException]] = [
    made(__str__=explode),
    made(enginel_fingerprint=property(explode)),
    made(enginel_fingerprint=object()),
    made(enginel_service=property(explode)),
    made(__cause__=property(explode)),
    made(__cause__=7),
    made(__getattr__=explode),
    made(__dict__=property(explode)),
    made(__traceback__=5),
    made(detail={"a": [object()]}),
    made(detail=property(explode)),
]


@pytest.mark.parametrize("kind", HOSTILE)
def test_it_is_recorded_with_what_is_left_of_it(kind: Callable[[], BaseException]) -> None:
    assert errors.report(kind())
    assert ErrorLog.objects.get().error_type == "HostileError"


def test_what_a_signal_handler_raises_is_not_the_exceptions_doing() -> None:
    def interrupted() -> None:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        ask(interrupted, otherwise=None)


def test_an_exception_that_somebody_keeps_is_recorded_in_every_task_it_ends() -> None:
    kept = LookupError("made once")
    ids = {errors.report(kept)}
    for number in range(3):
        token = current.set(Context("shop.task", None, str(number)))
        ids.add(errors.report(kept))
        ids.add(errors.report(kept))
        current.reset(token)
    assert len(ids) == ErrorLog.objects.count() == 4


def test_what_a_server_logs_of_a_request_that_ended_is_the_same_error() -> None:
    error = LookupError("it broke")
    token = current.set(Context("shop.task", None, "1"))
    inside = errors.report(error)
    current.reset(token)
    assert errors.report(error) == inside


def test_the_root_of_a_long_chain_is_told() -> None:
    error: Exception = KeyError("the root")
    for number in range(12):
        try:
            raise RuntimeError(f"layer {number}") from error
        except RuntimeError as outer:
            error = outer
    errors.report(error)
    chain = ErrorLog.objects.get().chain
    assert [raised["type"] for raised in chain] == [*["RuntimeError"] * 4, "KeyError"]


def test_repetitions_are_of_the_service_that_their_error_is_of(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "EAGER": False, "ERRORS_PER_MINUTE": 2}
    recorder.reset()
    for _ in range(30):
        for service in ("shop-a", "shop-b"):
            error = LookupError("x")
            error.enginel_service = service  # type: ignore[attr-defined]
            errors.report(error)
    assert recorder.flush()
    drain_all()
    found = ErrorLog.objects.values_list("group__service", flat=True)
    assert sorted(found) == ["shop-a"] * 30 + ["shop-b"] * 30


def test_saying_the_same_again_and_again_is_told_a_few_times(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "EAGER": False, "FLUSH_INTERVAL": 3600.0}
    recorder.reset()
    error = LookupError("x")
    token = current.set(Context("shop.task", None, "1"))
    for number in range(100):
        errors.report(error, context={str(number): number})
    current.reset(token)
    recorder.flush()
    drain_all()
    assert len(ErrorLog.objects.get().context) < 15
