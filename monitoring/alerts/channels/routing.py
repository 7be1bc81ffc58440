"""Where a message goes: by severity, by the names of channels, or by escalation; and the channel behind a key."""

from __future__ import annotations

from collections.abc import Iterable

from .base import Channel, Destination


def for_severity(severity: str) -> list[Destination]:
    """Return where incidents of a severity go: recipients of the settings, rows, and channels registered in code."""
    raise NotImplementedError


def for_names(names: Iterable[str]) -> list[Destination]:
    """Return the destinations of channels by name; unknown and disabled ones are left out."""
    raise NotImplementedError


def escalation() -> list[Destination]:
    """Return where incidents go that nobody acknowledged in time."""
    raise NotImplementedError


def destination(key: str) -> Channel | None:
    """Return the channel behind a destination's key; None when it is gone, disabled, or its settings are wrong."""
    raise NotImplementedError
