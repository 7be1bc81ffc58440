"""The documented settings of error recovery: wrong ones are named with the accepted form, and their default is used."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from monitoring import checks
from monitoring.error_recovery import ErrorRecovery, get_error_recovery, load, problems


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ErrorRecovery(5000, False, 3.0)),
        (
            {"ERROR_RECOVERY_TIMEOUT": 2000, "AUTO_SCALE_ON_ERROR": True, "MAX_SCALE_FACTOR": 3.0},
            ErrorRecovery(2000, True, 3.0),
        ),
        ({"ERROR_RECOVERY_TIMEOUT": 5000, "AUTO_SCALE_ON_ERROR": False}, ErrorRecovery()),
    ],
)
def test_the_documented_examples_are_accepted(given: dict[str, Any], expected: ErrorRecovery) -> None:
    assert problems(given) == []
    assert load(given) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ERROR_RECOVERY_TIMEOUT", 0),
        ("ERROR_RECOVERY_TIMEOUT", 5.0),
        ("ERROR_RECOVERY_TIMEOUT", True),
        ("ERROR_RECOVERY_TIMEOUT", 10**6),
        ("AUTO_SCALE_ON_ERROR", "yes"),
        ("AUTO_SCALE_ON_ERROR", 1),
        ("MAX_SCALE_FACTOR", 0.5),
        ("MAX_SCALE_FACTOR", float("nan")),
        ("MAX_SCALE_FACTOR", True),
    ],
)
def test_a_wrong_one_is_named_and_its_default_is_used(name: str, value: Any) -> None:
    (found,) = problems({name: value})
    assert found.startswith(f"{name} must be ")
    assert load({name: value}) == ErrorRecovery()


def test_a_wrong_one_is_a_system_check_error(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = "5 s"
    (message,) = checks.check_error_recovery()
    assert (message.id, "ERROR_RECOVERY_TIMEOUT" in str(message)) == ("monitoring.E013", True)


def test_a_changed_one_is_followed(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 300
    assert get_error_recovery().seconds == 0.3
    settings.ERROR_RECOVERY_TIMEOUT = 400
    assert get_error_recovery().seconds == 0.4


def test_without_django_they_are_read_from_the_environment() -> None:
    code = "from monitoring.error_recovery import get_error_recovery as get; print(*vars(get()).values())"
    environment = {**os.environ, "ERROR_RECOVERY_TIMEOUT": "700", "AUTO_SCALE_ON_ERROR": "True"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["700", "True", "3.0"]
