"""Reading the ids out of whatever a caller calls its context: a dict, our own, or any object that has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES: dict[str, tuple[str, ...]] = {
    "trace_id": ("trace_id",),
    "request_id": ("request_id", "correlation_id"),
    "task_id": ("task_id",),
    "user_id": ("user_id",),
    "client": ("client", "client_ip", "ip_address"),
}
"""Where an entry's values may stand; the first that is there counts."""
_IDS = ("trace_id", "request_id", "task_id")
_PLAIN = (str, int)
_LONGEST = 200


def values(target_type: str, target_id: str, outcome: str, user_id: str, context: Any) -> dict[str, Any]:
    """Return what callers of a face gave, as an entry is made of it.

    Args:
        target_type: What it was done to.
        target_id: Which one.
        outcome: `success`, `failure` or `denied`.
        user_id: Who did it; else the context says.
        context: As for `read`.
    """
    found = read(context)
    return {
        "target_type": target_type,
        "target_id": target_id,
        "outcome": outcome,
        "user_id": user_id or found.get("user_id", ""),
        "client": found.get("client", ""),
        "ids": {name: found[name] for name in _IDS if name in found},
    }


def read(context: Any) -> dict[str, str]:
    """Return the ids and the client's address that a context holds, as texts. Never raises.

    Args:
        context: A mapping, an object with attributes, or None.
    """
    if context is None:
        return {}
    found: dict[str, str] = {}
    for name, places in _NAMES.items():
        for place in places:
            value = _value(context, place)
            if value:
                found[name] = value
                break
    return found


def _value(context: Any, name: str) -> str:
    """Return one value; only plain texts, numbers and UUIDs, as asking others for their text may do anything."""
    try:
        held = context.get(name) if isinstance(context, Mapping) else getattr(context, name, None)
        plain = isinstance(held, _PLAIN) or type(held).__name__ == "UUID"
        return str(held)[:_LONGEST] if plain and not isinstance(held, bool) else ""
    except Exception:  # an object of somebody's own
        return ""
