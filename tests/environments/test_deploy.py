"""What `check --deploy` says of settings that are unsafe where others can reach them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import registry

from monitoring.deploy_checks import check_deployment


@pytest.fixture
def deployed(settings: Any) -> Any:
    """Settings as they should be where others can reach them."""
    settings.DEBUG = False
    settings.ENABLE_TEST_ERROR = False
    settings.ALLOWED_HOSTS = ["monitoring.example.com"]
    settings.SECRET_KEY_IS_GENERATED = False
    settings.MONITORING = {
        "REDIS_URL": "redis://10.0.0.5:6379/0",
        "PUBLIC_URL": "https://monitoring.example.com",
        "JOURNAL_SEALS_FOLDER": "/srv/seals",
        "JOURNAL_KEY_FILE": "/srv/keys/journal.pem",
        "JOURNAL_TRUSTED_KEYS": ["AAAA"],
    }
    return settings


def said() -> list[str]:
    return [str(message.id).removeprefix("monitoring.") for message in check_deployment()]


def test_all_is_silent_where_all_is_well(deployed: Any) -> None:
    assert check_deployment() == []


def test_it_is_part_of_check_deploy_and_of_nothing_else() -> None:
    assert check_deployment in registry.registry.deployment_checks
    assert check_deployment not in registry.registry.registered_checks


@pytest.mark.parametrize(
    ("number", "given"),
    [
        ("W101", {"ENVIRONMENT": "development"}),
        ("W103", {"ENVIRONMENT": "prod"}),
        ("W104", {"RECORD_BODY": True}),
        ("W104", {"RECORD_HEADERS": True}),
        ("W105", {"ERROR_LOCALS": True}),
        ("W107", {"METRICS_ALLOWED_NETWORKS": ["10.0.0.0/8", "0.0.0.0/0"]}),
        ("W107", {"METRICS_ALLOWED_NETWORKS": ["8.8.8.0/24"]}),
        ("W108", {"TRUSTED_PROXIES": ["::/0"]}),
        ("W109", {"EAGER": True}),
        ("W115", {"REDIS_URL": "redis://:secret@8.8.8.8:6379/0"}),
        ("W114", {"REDIS_URL": "rediss://8.8.8.8:6379/0"}),
        ("W116", {"SINKS": {"otlp_logs": {"endpoint": "http://8.8.8.8/v1/logs"}}}),
        ("W116", {"SINKS": {"syslog": {"url": "udp://8.8.8.8:514"}}}),
        ("W117", {"PUBLIC_URL": "http://8.8.8.8"}),
        ("W118", {"JOURNAL_SEALS_FOLDER": ""}),
        ("W119", {"JOURNAL_TRUSTED_KEYS": []}),
        ("W120", {"JOURNAL_KEY_FILE": "/srv/seals/journal.pem"}),
    ],
)
def test_what_is_unsafe_is_said(deployed: Any, number: str, given: dict[str, Any]) -> None:
    deployed.MONITORING = {**deployed.MONITORING, **given}

    (message,) = check_deployment()

    assert message.id == f"monitoring.{number}"
    assert message.hint
    assert "secret" not in f"{message.msg}{message.hint}"


@pytest.mark.parametrize(
    "given",
    [
        {"ENVIRONMENT": "staging"},
        {"METRICS_ALLOWED_NETWORKS": ["10.0.0.0/8", "::1", "fd00::/8"]},
        {"TRUSTED_PROXIES": ["10.0.0.0/8"]},
        {"REDIS_URL": "rediss://:secret@8.8.8.8:6379/0"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "redis://no-such-host.invalid:6379/0"},
        {"SINKS": {"otlp_logs": {"endpoint": "http://10.0.0.7:4318/v1/logs"}, "syslog": {"url": "tls://8.8.8.8"}}},
        {"PUBLIC_URL": "http://10.0.0.7"},
        {"JOURNAL_SEALS_FOLDER": "", "JOURNAL_SEALS_STORAGE": "seals"},
    ],
)
def test_what_is_safe_is_not(deployed: Any, given: dict[str, Any]) -> None:
    deployed.MONITORING = {**deployed.MONITORING, **given}

    assert check_deployment() == []


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [
        ("W102", "DEBUG", True),
        ("W106", "ENABLE_TEST_ERROR", True),
        ("W110", "ALLOWED_HOSTS", ["*"]),
        ("W111", "ALLOWED_HOSTS", []),
        ("W111", "ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"]),
        ("W112", "SECRET_KEY_IS_GENERATED", True),
    ],
)
def test_settings_of_django_that_are_unsafe_are_said(deployed: Any, number: str, name: str, value: Any) -> None:
    setattr(deployed, name, value)

    assert said() == [number]


def test_development_with_debug_is_what_it_says(deployed: Any) -> None:
    deployed.DEBUG = True
    deployed.MONITORING = {**deployed.MONITORING, "ENVIRONMENT": "development"}

    assert said() == []


def test_sqlite_is_for_one_host(deployed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = deployed.DATABASES["default"]["ENGINE"]
    monkeypatch.setitem(deployed.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert said() == []
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assert said() == ["W113"]
    monkeypatch.setitem(deployed.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    assert said() == []
    monkeypatch.setitem(deployed.DATABASES["default"], "ENGINE", engine)
