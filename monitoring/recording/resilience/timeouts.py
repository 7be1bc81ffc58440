"""Timeouts that recovery may raise: each has a name, a value of its own, and the most that its code allows.

Nothing is asked of anybody: the value in force is a look-up in this process's own copy of the decisions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from monitoring.recording.effects import effects, timing

_MOST_NAMES = 100
FIRST = "http"
"""How keys of these timeouts begin, among effects of the kind `timeout`."""


class Named(NamedTuple):
    """A timeout that code has offered, in seconds."""

    default: float
    most: float


_known: dict[str, Named] = {}


def timeout(name: str, default: float, *, most: float) -> float:
    """Return the seconds that are in force now.

    Which timeout an error ran out of, recovery knows by the circuit or fallback of the same name that it was raised in.

    Args:
        name: What is waited for, such as `payments`. The first use in a process offers it to recovery.
        default: Seconds, as long as nothing else was decided.
        most: Seconds beyond which nothing raises it; equal to `default` where it must not change.

    Raises:
        ValueError: The default is not positive, or more than the most.

    Example:
        >>> with circuit("payments"):
        ...     requests.get(url, timeout=timeout("payments", 5, most=20))
    """
    known = _known.get(name)
    if known is None or known != (default, most):
        if not 0 < default <= most:
            raise ValueError(f"timeout {name!r}: 0 < default <= most, not {default} and {most}.")
        if known is not None or len(_known) < _MOST_NAMES:
            _known[name] = Named(float(default), float(most))
            timing.register(FIRST, _apply, held)
    value = effects.standing(timing.KIND, f"{FIRST}:{name}")
    return default if value is None else _bounded(value, default, most)


def _bounded(value: Any, default: float, most: float) -> float:
    seconds = value.get("seconds")
    return min(max(float(seconds), default), most) if isinstance(seconds, int | float) else default


def held() -> dict[str, Any] | None:
    """Return the timeouts that code of this process has offered, by name, in seconds."""
    found = dict(_known)
    return {name: {"default": one.default, "most": one.most} for name, one in found.items()} or None


def _apply(name: str, value: dict[str, Any] | None) -> str | None:
    del name, value  # whoever asks next looks for itself
    return None


def forget() -> None:
    """Know of none: between tests."""
    _known.clear()
