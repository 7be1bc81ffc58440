from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from enginel import mail

SMTP, CONSOLE = (f"django.core.mail.backends.{name}.EmailBackend" for name in ("smtp", "console"))


def test_without_a_host_mails_are_written_to_the_log() -> None:
    found = mail.read({})
    assert (found.backend, found.sender, found.timeout) == (CONSOLE, "enginel@localhost", 10)


def test_djangos_settings_are_read_by_their_names() -> None:
    found = mail.read(
        {
            "EMAIL_HOST": "mail.example.com",
            "EMAIL_PORT": "2525",
            "EMAIL_HOST_USER": "u",
            "EMAIL_HOST_PASSWORD": "p",
            "EMAIL_USE_TLS": "True",
            "EMAIL_TIMEOUT": "3",
            "DEFAULT_FROM_EMAIL": "Errors <errors@example.com>",
        }
    )
    assert found == mail.Mail(SMTP, "mail.example.com", 2525, "u", "p", True, False, 3, "Errors <errors@example.com>")
    assert "'p'" not in repr(found)


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp", 25, False, False),
        ("smtp+tls", 587, True, False),
        ("smtps", 465, False, True),
        ("smtp+ssl", 465, False, True),
    ],
)
def test_a_url_says_it_all(url: str, port: int, tls: bool, ssl: bool) -> None:
    found = mail.read({"EMAIL_URL": f"{url}://user%40x:p%3Ass@mail.example.com"})
    assert (found.backend, found.host, found.port) == (SMTP, "mail.example.com", port)
    assert (found.user, found.password, found.use_tls, found.use_ssl) == ("user@x", "p:ss", tls, ssl)


def test_a_variable_of_its_own_wins() -> None:
    found = mail.read({"EMAIL_URL": "smtps://u:p@mail.example.com", "EMAIL_HOST_PASSWORD": "q", "EMAIL_PORT": "2465"})
    assert (found.password, found.port) == ("q", 2465)
    assert mail.read({"EMAIL_HOST": "x", "EMAIL_BACKEND": "a.B"}).backend == "a.B"


@pytest.mark.parametrize(
    "environment",
    [
        {"EMAIL_URL": "http://sesame@x"},
        {"EMAIL_URL": "smtp://u:ses#ame/@x"},
        {"EMAIL_PORT": "sesame"},
        {"EMAIL_USE_TLS": "sesame"},
        {"EMAIL_USE_TLS": "1", "EMAIL_USE_SSL": "1"},
        {"DEFAULT_FROM_EMAIL": "sesame"},
    ],
)
def test_what_is_wrong_is_told_without_its_value(environment: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured) as raised:
        mail.read(environment)
    assert "sesame" not in str(raised.value)
