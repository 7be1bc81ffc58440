"""Thresholds of a service without Django are reached by so many errors of one group within ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.alerts.in_code.counted import WINDOW, Reached
from monitoring.alerts.in_code.event import ErrorEvent
from monitoring.alerts.rules import thresholds
from monitoring.classification import ErrorSeverity, ErrorType

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(autouse=True)
def three_high_ones() -> Iterator[None]:
    before = thresholds.given()
    thresholds.replace({"high": 3})
    yield
    thresholds.replace(before)


def event(
    after: timedelta = timedelta(0), group: str = "a", severity: ErrorSeverity = ErrorSeverity.HIGH
) -> ErrorEvent:
    return ErrorEvent(
        error_id="", timestamp=BEGIN + after, error_type=ErrorType.INTERNAL_ERROR, severity=severity, message="",
        exception_type="", endpoint="", method="", status_code=None, user_id=None, request_id=None, trace_id=None,
        service="shop", environment="production", release="", fingerprint=group,
    )  # fmt: skip


def test_the_third_of_three_reaches_it() -> None:
    reached = Reached(ErrorSeverity.HIGH)
    assert [reached(event()) for _ in range(3)] == [False, False, True]


def test_errors_of_other_groups_and_severities_do_not_count() -> None:
    reached = Reached(ErrorSeverity.HIGH)
    assert not any(reached(event(group=group)) for group in "abcd")
    assert not any(reached(event(severity=ErrorSeverity.LOW)) for _ in range(5))
    assert not any(Reached(ErrorSeverity.LOW)(event(severity=ErrorSeverity.LOW)) for _ in range(5))


def test_errors_before_the_window_do_not_count() -> None:
    reached = Reached(ErrorSeverity.HIGH)
    moments = [timedelta(0), timedelta(0), WINDOW + timedelta(seconds=1), WINDOW + timedelta(seconds=2)]
    assert not any(reached(event(after)) for after in moments)


def test_groups_are_kept_within_bounds() -> None:
    reached = Reached(ErrorSeverity.HIGH)
    for number in range(1_500):
        reached(event(group=str(number)))
    assert len(reached._seen) == 1_000
