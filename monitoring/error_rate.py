"""The documented settings of the protection against clients that cause errors, as one frozen value.

They are read once: from the Django settings where there are any, else from the environment variables of the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from monitoring import documented

_MAX_COUNT = 1_000
_MAX_WINDOW = 86_400
_MAX_SECONDS = 366 * 86_400


@dataclass(frozen=True)
class ErrorRate:
    """What an operator can choose. The attribute `error_rate_limit_count` is the setting of that name in capitals."""

    error_rate_limit_count: int = 5
    """Errors of one client, or on one route, within the window that change nothing; one more does."""
    error_rate_limit_window_seconds: int = 600
    """Seconds for which an error counts."""
    ip_block_duration_seconds: int = 3600
    """Seconds for which a client is blocked."""
    slack_notification_url: str = field(default="", repr=False)
    """Where it is told that a client was blocked; empty for nowhere."""
    codex_trigger_url: str = field(default="", repr=False)
    """Where a fix is asked for of a route that keeps failing; empty for nowhere."""
    codex_trigger_cooldown_seconds: int = 600
    """Seconds in which a fix of one route is asked for once."""


NAMES = tuple(one.name.upper() for one in fields(ErrorRate))


def load(values: Mapping[str, Any]) -> ErrorRate:
    """Build the value from settings by their names, ill-formed ones left out (`problems` reports them)."""
    return ErrorRate(**documented.accepted(_FORMS, values))


def problems(values: Mapping[str, Any]) -> list[str]:
    """Say, one line each, which settings are wrong and which form is accepted."""
    return documented.problems(_FORMS, values)


@cache
def get_error_rate() -> ErrorRate:
    """Return what this process was told, read once."""
    return load(given())


def given() -> dict[str, Any]:
    """Return those of the settings that are there, by name."""
    return documented.given(NAMES)


def _whole(most: int) -> tuple[Callable[[Any], bool], str]:
    """Make the form of a whole number."""

    def fits(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most

    return fits, f"must be a whole number from 1 to {most}"


def _is_url_or_empty(value: Any) -> bool:
    if value is None or value == "":
        return True
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


_URL = (_is_url_or_empty, "must be an http(s) URL, like http://localhost:3001/api/alerts, or empty")
_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "error_rate_limit_count": _whole(_MAX_COUNT),
    "error_rate_limit_window_seconds": _whole(_MAX_WINDOW),
    "ip_block_duration_seconds": _whole(_MAX_SECONDS),
    "slack_notification_url": _URL,
    "codex_trigger_url": _URL,
    "codex_trigger_cooldown_seconds": _whole(_MAX_SECONDS),
}
"""What each setting must be, and how it is said."""
