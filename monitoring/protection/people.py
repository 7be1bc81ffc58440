"""Who decided something, as it is kept with what they decided."""

from __future__ import annotations

from typing import Any

MAX_WHO = 200


def name_of(user: Any) -> str:
    """Return the name of a user, as it is at this time."""
    return str(user.get_username())[:MAX_WHO]
