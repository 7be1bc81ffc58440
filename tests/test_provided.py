"""Settings of a process without Django: the environment's, and what code says over them."""

from __future__ import annotations

import sys

import pytest

from monitoring import conf


@pytest.fixture
def no_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "django.conf", None)
    monkeypatch.setattr(conf, "_provided", {})
    for name in ("SERVICE", "ENVIRONMENT", "RELEASE", "REDIS_URL", "TRUSTED_PROXIES", "MONITORING"):
        monkeypatch.delenv(name, raising=False)


def read() -> conf.Config:
    """Read them anew, past what this process has read."""
    return conf.load(conf._values())


def test_variables_of_their_own_are_read_the_json_is_over_them_and_code_over_both(
    no_django: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE", "shop")
    monkeypatch.setenv("RELEASE", "7")
    monkeypatch.setenv("TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1")
    monkeypatch.setenv("MONITORING", '{"RELEASE": "8", "SLOW_REQUEST_SECONDS": 2.0}')
    conf._provided["SLOW_REQUEST_SECONDS"] = 3.0
    found = read()
    assert (found.service, found.release, found.slow_request_seconds) == ("shop", "8", 3.0)
    assert found.trusted_proxies == ("10.0.0.0/8", "192.0.2.1")


def test_the_environment_chooses_defaults(no_django: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "development")
    assert read().record_body


def test_what_is_wrong_is_said_and_left_out(no_django: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITORING", '{"ENABLED": "perhaps", "NOTHING": 1}')
    assert read().enabled is True
    assert conf.unread() == [
        "MONITORING['ENABLED'] must be true or false.",
        "MONITORING['NOTHING'] is not a setting of Enginel.",
    ]
