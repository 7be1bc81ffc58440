"""What of a channel's settings may be shown: everything but its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .registry import KINDS

SECRET = "********"  # noqa: S105
"""Stands for a secret that is set; whoever sends it back leaves the secret as it is."""


def shown(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without secrets; of a kind that is unknown, everything is one."""
    known = {field.name: field for field in KINDS[kind].fields} if kind in KINDS else {}
    return {
        name: value if name in known and not known[name].secret else SECRET
        for name, value in (settings.items() if isinstance(settings, Mapping) else ())
        if value not in (None, "")
    }


def merged(kind: str, stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings to be stored, after somebody changed some.

    Args:
        kind: Of the channel.
        stored: What is stored.
        given: What was sent: a secret that is `SECRET`, or is left out, stays; one that is empty goes.
    """
    secret = {field.name for field in KINDS[kind].fields if field.secret} if kind in KINDS else set()
    kept = {name: stored[name] for name in secret if name in stored and given.get(name, SECRET) == SECRET}
    new = {name: value for name, value in given.items() if not (name in secret and value == SECRET)}
    return {name: value for name, value in (kept | new).items() if value not in (None, "")}
