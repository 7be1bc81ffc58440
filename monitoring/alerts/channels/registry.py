"""The kinds of channels, listed in one place: another one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Channel, Kind

KINDS: dict[str, Kind] = {}
"""By name."""


def make(kind: str, settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    """Make the channels that a row's settings stand for, by a part of the destination's key.

    Raises:
        ValueError: There is no such kind, or the settings are wrong.
    """
    if kind not in KINDS:
        raise ValueError(f"there is no kind of channels called {kind[:30]!r}")
    if found := KINDS[kind].problems(settings):
        raise ValueError(" ".join(found))
    return KINDS[kind].make(settings)
