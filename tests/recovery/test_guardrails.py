"""What may be done at all, and what acts by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.classification import ErrorType
from monitoring.conf import Config
from monitoring.recovery.guardrails import Blame, Mode, limited_to, mode_of
from monitoring.recovery.strategies.base import Reach
from tests.recovery.execution.stage import Writes

EVERYTHING = ["retry", "fallback", "request_throttle", "service_restart"]


@pytest.mark.parametrize(
    "blame",
    [
        Blame(400, "ValidationError", ErrorType.VALIDATION_ERROR),
        Blame(404, "DatabaseError", ErrorType.DATABASE_ERROR),
        Blame(499, "TimeoutError", ErrorType.TIMEOUT_ERROR),
        Blame(500, "AuthenticationError", ErrorType.AUTHENTICATION_ERROR),
        Blame(0, "PermissionDenied", ErrorType.AUTHORIZATION_ERROR),
        Blame(0, "ValidationError", ErrorType.VALIDATION_ERROR),
        Blame(400, "AuthenticationError", ErrorType.AUTHENTICATION_ERROR, unhandled=True),
    ],
)
def test_what_clients_do_wrong_never_gets_more_than_a_throttle(blame: Blame) -> None:
    assert limited_to(EVERYTHING, blame) == ["request_throttle"]
    assert limited_to(["retry"], blame) == []


@pytest.mark.parametrize("status", [0, 500, 503])
def test_what_fails_here_may_get_everything(status: int) -> None:
    assert limited_to(EVERYTHING, Blame(status, "DatabaseError", ErrorType.DATABASE_ERROR)) == EVERYTHING


@pytest.mark.parametrize("status", [400, 500, 503])
def test_what_no_view_handled_is_no_clients_fault_whatever_status_it_has_by_its_severity(status: int) -> None:
    blame = Blame(status, "ValueError", ErrorType.VALIDATION_ERROR, unhandled=True)
    assert limited_to(EVERYTHING, blame) == EVERYTHING


@pytest.mark.parametrize(
    ("allowed", "environment", "expected"),
    [
        (("harmless",), "production", Mode.PROPOSE),
        (("harmless", "wide"), "production", Mode.ACT),
        (("pool_increase",), "production", Mode.ACT),
        (("cache_clear",), "production", Mode.PROPOSE),
        ((), "production", Mode.PROPOSE),
        ({"staging": ("wide",)}, "staging", Mode.ACT),
        ({"staging": ("wide",)}, "production", Mode.PROPOSE),
    ],
)
def test_a_strategy_acts_by_itself_where_its_name_or_reach_is_allowed(
    allowed: tuple[str, ...] | dict[str, tuple[str, ...]], environment: str, expected: Mode
) -> None:
    class Wide(Writes):
        reach = Reach.WIDE

    config = replace(Config(), recovery_strategies=allowed)
    assert mode_of(Wide(), environment, config) == expected
    assert mode_of(Wide(), environment, replace(config, recovery="suggest")) == Mode.PROPOSE
