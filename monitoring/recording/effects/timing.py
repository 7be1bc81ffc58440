"""Effects of the kind `timeout`: of what, the first part of their key says; whoever knows about that looks further."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .held import Apply, effects

KIND = "timeout"
_appliers: dict[str, Apply] = {}


def register(first: str, apply: Apply, describe: Callable[[], Any]) -> None:
    """Say who applies timeouts of something in this process.

    Args:
        first: How their keys begin, before a colon: `http`, `database` or `task`.
        apply: As in `effects.register`, with the rest of the key.
        describe: Returns what of it can be changed here, by name, as plain JSON.
    """
    _appliers[first] = apply
    effects.offer(f"{first}_timeouts", describe)
    effects.register(KIND, _apply)


def _apply(key: str, value: dict[str, Any] | None) -> str | None:
    first, _, rest = key.partition(":")
    apply = _appliers.get(first)
    return f"This process has no timeouts of {first}." if apply is None else apply(rest, value)
