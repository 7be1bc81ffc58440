"""How mail is sent, read from the environment: `EMAIL_URL`, or Django's settings by their names, which win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_BACKENDS = "django.core.mail.backends"
_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465, "smtps": 465}
"""Schemes of `EMAIL_URL`: plain, STARTTLS, and TLS from the first byte."""
_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True)
class Mail:
    """Django's settings of mail."""

    backend: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    use_tls: bool
    use_ssl: bool
    timeout: int
    sender: str


def read(environment: Mapping[str, str]) -> Mail:
    """Read the settings. Without a host, mails are written to the log of whoever sends them.

    Raises:
        ImproperlyConfigured: One has not the form it must have. None is repeated: it may hold a password.
    """

    def given(name: str, default: str = "") -> str:
        return environment.get(name, "").strip() or default

    url = _url(given("EMAIL_URL"))
    host = given("EMAIL_HOST", url.hostname or "" if url else "")
    tls = _flag("EMAIL_USE_TLS", given("EMAIL_USE_TLS", "1" if url and url.scheme == "smtp+tls" else ""))
    ssl = _flag("EMAIL_USE_SSL", given("EMAIL_USE_SSL", "1" if url and url.scheme in ("smtp+ssl", "smtps") else ""))
    if tls and ssl:
        raise ImproperlyConfigured("EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other")
    usual = _PORTS["smtp+tls" if tls else "smtps" if ssl else "smtp"]
    return Mail(
        backend=given("EMAIL_BACKEND", f"{_BACKENDS}.{'smtp' if host else 'console'}.EmailBackend"),
        host=host or "localhost",
        port=_number("EMAIL_PORT", given("EMAIL_PORT", str((url.port if url else None) or usual)), 65_535),
        user=given("EMAIL_HOST_USER", unquote(url.username or "") if url else ""),
        password=given("EMAIL_HOST_PASSWORD", unquote(url.password or "") if url else ""),
        use_tls=tls,
        use_ssl=ssl,
        timeout=_number("EMAIL_TIMEOUT", given("EMAIL_TIMEOUT", "10"), 600),
        sender=_sender(given("DEFAULT_FROM_EMAIL", "enginel@localhost")),
    )


def _url(text: str) -> SplitResult | None:
    if not text:
        return None
    wrong = "EMAIL_URL must be like smtp+tls://user:password@mail.example.com:587, with smtp, smtp+tls or smtps"
    try:
        parts = urlsplit(text)
        fits = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ImproperlyConfigured(f"{wrong}; in a password, write / : @ # and % as %2F %3A %40 %23 and %25")
    return parts


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be true or false")
    return text.lower() in _TRUE


def _number(name: str, text: str, most: int) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise ImproperlyConfigured(f"{name} must be a whole number from 1 to {most}")
    return int(text)


def _sender(text: str) -> str:
    if "@" not in text or not text.isprintable():
        raise ImproperlyConfigured("DEFAULT_FROM_EMAIL must be an address, like enginel@example.com")
    return text
