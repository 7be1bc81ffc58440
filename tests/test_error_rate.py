"""The documented settings of the protection: wrong ones are named with the accepted form, and their default is used."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from monitoring import checks
from monitoring.conf import problems as problems_of_monitoring
from monitoring.error_rate import ErrorRate, get_error_rate, load, problems

DOCUMENTED = {
    "ERROR_RATE_LIMIT_COUNT": 10,
    "ERROR_RATE_LIMIT_WINDOW_SECONDS": 5 * 60,
    "IP_BLOCK_DURATION_SECONDS": 2 * 60 * 60,
    "SLACK_NOTIFICATION_URL": "http://your-express-server:3001/api/alerts/notify-slack",
    "CODEX_TRIGGER_URL": "http://your-express-server:3001/api/codex/suggest-fix",
    "CODEX_TRIGGER_COOLDOWN_SECONDS": 30 * 60,
}


def test_the_documented_examples_are_accepted() -> None:
    assert problems(DOCUMENTED) == []
    assert load(DOCUMENTED) == ErrorRate(*DOCUMENTED.values())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ERROR_RATE_LIMIT_COUNT", 0),
        ("ERROR_RATE_LIMIT_COUNT", True),
        ("ERROR_RATE_LIMIT_COUNT", "5"),
        ("ERROR_RATE_LIMIT_WINDOW_SECONDS", 10**9),
        ("IP_BLOCK_DURATION_SECONDS", None),
        ("SLACK_NOTIFICATION_URL", "notify-slack"),
        ("SLACK_NOTIFICATION_URL", "http://[::1"),
        ("CODEX_TRIGGER_URL", "file:///etc/passwd"),
        ("CODEX_TRIGGER_URL", "http://host/a b"),
        ("CODEX_TRIGGER_COOLDOWN_SECONDS", -1),
    ],
)
def test_a_wrong_one_is_named_and_its_default_is_used(name: str, value: Any) -> None:
    (found,) = problems({name: value})
    assert found.startswith(f"{name} must be ")
    assert load({name: value}) == ErrorRate()


def test_no_url_is_as_good_as_an_empty_one() -> None:
    assert load({"SLACK_NOTIFICATION_URL": None}) == ErrorRate()


def test_a_url_is_not_shown_for_it_may_hold_a_secret() -> None:
    assert "secret" not in repr(load({"SLACK_NOTIFICATION_URL": "https://hooks.example.com/secret"}))


def test_a_wrong_one_is_a_system_check_error(settings: Any) -> None:
    settings.ERROR_RATE_LIMIT_COUNT = "many"
    (message,) = checks.check_error_rate()
    assert (message.id, "ERROR_RATE_LIMIT_COUNT" in str(message)) == ("monitoring.E008", True)


def test_a_changed_one_is_followed(settings: Any) -> None:
    settings.ERROR_RATE_LIMIT_COUNT = 3
    assert get_error_rate().error_rate_limit_count == 3
    settings.ERROR_RATE_LIMIT_COUNT = 4
    assert get_error_rate().error_rate_limit_count == 4


def test_without_django_they_are_read_from_the_environment() -> None:
    code = (
        "from monitoring.error_rate import get_error_rate\n"
        "print(get_error_rate().error_rate_limit_count, get_error_rate().codex_trigger_url)"
    )
    environment = {**os.environ, "ERROR_RATE_LIMIT_COUNT": "7", "CODEX_TRIGGER_URL": "http://codex/"}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["7", "http://codex/"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PROTECTION", "on"),
        ("PROTECTION", ["enforce"]),
        ("ALLOWED_CLIENTS", "10.0.0.0/8"),
        ("ALLOWED_CLIENTS", ["everybody"]),
        ("ROUTE_BLAME", "all"),
        ("BLOCK_ESCALATION", 0.5),
        ("BLOCK_MAX_SECONDS", 0),
    ],
)
def test_a_wrong_key_of_the_platform_is_named(key: str, value: Any) -> None:
    (found,) = problems_of_monitoring({key: value})
    assert key in found
