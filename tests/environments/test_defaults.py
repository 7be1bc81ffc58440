"""What ENVIRONMENT chooses, what wins over it, and how people see which it was."""

from __future__ import annotations

from dataclasses import fields
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from monitoring import origins
from monitoring.conf import Config, load
from monitoring.environments import CHOSEN, defaults


def test_production_is_what_the_settings_document() -> None:
    assert load({}) == Config()
    assert load({"ENVIRONMENT": "production"}) == Config()
    assert (defaults("production").log_level, defaults("production").log_format) == ("INFO", "json")


@pytest.mark.parametrize("environment", ["staging", "qa", ""])
def test_staging_and_names_of_ones_own_are_like_production(environment: str) -> None:
    assert load({"ENVIRONMENT": environment}) == Config(environment=environment)
    assert defaults(environment) == defaults("production")


def test_development_records_all_and_acts_on_nothing() -> None:
    config = load({"ENVIRONMENT": "development"})

    assert (config.recovery, config.alerts_sent) == ("off", False)
    assert (config.record_body, config.record_headers) == (True, True)
    assert config.error_metrics_hours == 1
    assert (defaults("development").log_level, defaults("development").log_format) == ("DEBUG", "console")


def test_nothing_else_differs() -> None:
    config = load({"ENVIRONMENT": "development"})

    differing = {one.name for one in fields(Config) if getattr(config, one.name) != getattr(Config(), one.name)}
    assert differing == {"environment", *CHOSEN}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECOVERY", "suggest"),
        ("ALERTS_SENT", True),
        ("RECORD_BODY", False),
        ("RECORD_HEADERS", False),
        ("ERROR_METRICS_HOURS", 6),
    ],
)
def test_whatever_is_set_wins(name: str, value: Any) -> None:
    assert getattr(load({"ENVIRONMENT": "development", name: value}), name.lower()) == value


def test_a_value_that_is_none_leaves_the_default_of_the_environment() -> None:
    assert load({"ENVIRONMENT": "development", "RECOVERY": "perhaps"}).recovery == "off"


def origin(name: str, given: dict[str, Any], **variables: str) -> tuple[Any, str]:
    (found,) = [one for one in origins.values(given, variables) if one.name == name]
    return found.value, found.origin


def test_each_value_says_where_it_comes_from() -> None:
    development = {"ENVIRONMENT": "development"}

    assert origin("RECOVERY", development) == ("off", "default of development")
    assert origin("RECOVERY", {}) == ("automatic", "default of production")
    assert origin("RECOVERY", {**development, "RECOVERY": "suggest"}) == ("suggest", "Django settings")
    assert origin("RECOVERY", {"RECOVERY": "off"}, MONITORING='{"RECOVERY": "off"}') == (
        "off",
        "environment variable MONITORING",
    )
    assert origin("ENVIRONMENT", development, ENVIRONMENT="development") == (
        "development",
        "environment variable ENVIRONMENT",
    )
    assert origin("SHARDS", {}) == (1, "default")
    assert origin("LOG_LEVEL", development) == ("DEBUG", "default of development")
    assert origin("LOG_LEVEL", development, LOG_LEVEL="ERROR") == ("ERROR", "environment variable LOG_LEVEL")


def test_a_setting_that_is_given_as_it_is_by_default_is_still_given() -> None:
    assert origin("RECOVERY", {"ENVIRONMENT": "development", "RECOVERY": "automatic"}) == (
        "automatic",
        "Django settings",
    )


def test_secrets_are_not_shown() -> None:
    given = {"SINKS": {"sentry": {"dsn": "https://secret@sentry.example.com/1"}}, "GITHUB_TOKEN": "secret-token"}

    told = origins.values(given, {})

    assert "secret" not in repr([one.value for one in told])
    assert origin("GITHUB_TOKEN", given)[0] == origins.HIDDEN
    assert origin("REDIS_URL", {"REDIS_URL": "rediss://me:secret@10.0.0.5:6379/0"})[0] == (
        "rediss://(hidden)@10.0.0.5:6379/0"
    )
    assert origin("REDIS_URL", {"REDIS_URL": "redis://:a/b@10.0.0.5/0"})[0] == origins.HIDDEN


def test_a_command_shows_them(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENVIRONMENT": "development", "RECORD_BODY": False}
    out = StringIO()

    call_command("show_settings", stdout=out)

    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in out.getvalue().splitlines()}
    assert rows["RECOVERY"] == ["'off'", "default of development"]
    assert rows["RECORD_BODY"] == ["False", "Django settings"]
    assert rows.keys() == {"ENVIRONMENT", "LOG_LEVEL", "LOG_FORMAT", *(name.upper() for name in CHOSEN)}

    every = StringIO()
    call_command("show_settings", "--all", stdout=every)
    assert len(every.getvalue().splitlines()) == len(fields(Config)) + 2
