"""When a circuit opens, for how long, and how it is tried again: what code gives, and what the platform reads of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

MAX_NAME = 100
MIN_WINDOW, MAX_WINDOW = 5, 600
_MAX_COUNT = 1_000_000
_MAX_PROBES = 100
_MAX_SECONDS = 86_400.0


@dataclass(frozen=True)
class CircuitOptions:
    """Thresholds of a circuit.

    Attributes:
        failure_rate: Share of calls from which on it opens, if so many failed.
        failure_threshold: So many calls must have failed (or been slow) at least.
        slow_seconds: From when on a call counts as slow; None where none does.
        slow_rate: Share of calls from which on it opens, if so many were slow.
        minimum: So many calls there must be at least; `failure_threshold` unless given.
        window_seconds: How far back calls count, in whole seconds.
        timeout_seconds: For how long it is open before it is tried again; longer after each trial that fails.
        half_open_requests: So many calls are let through to try it, and all of them have to succeed.
    """

    failure_rate: float = 0.5
    failure_threshold: int = 5
    slow_seconds: float | None = None
    slow_rate: float = 0.5
    minimum: int | None = None
    window_seconds: int = 60
    timeout_seconds: float = 60.0
    half_open_requests: int = 1

    @property
    def least(self) -> int:
        """Calls that there must be."""
        return self.failure_threshold if self.minimum is None else self.minimum

    def problems(self) -> list[str]:
        """Say what is wrong; nothing for options that can be kept."""
        found = [f"{name} must be more than 0 and at most 1." for name in _RATES if not _is_rate(getattr(self, name))]
        found += [
            f"{name} must be a whole number from {least} to {most}."
            for name, (least, most) in _COUNTS.items()
            if not _is_count(getattr(self, name), least, most, optional=name == "minimum")
        ]
        found += [
            f"{name} must be more than 0 and at most {_MAX_SECONDS:g} seconds."
            for name in _SECONDS
            if not _is_seconds(getattr(self, name), optional=name == "slow_seconds")
        ]
        return found

    def told(self) -> dict[str, Any]:
        """Return them as plain JSON."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Read what a process has told; what cannot be kept is as by default."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        given = cls(**known)
        if not given.problems():
            return given
        good = {name: value for name, value in known.items() if not cls(**{name: value}).problems()}
        return cls(**good)


_RATES = ("failure_rate", "slow_rate")
_SECONDS = ("slow_seconds", "timeout_seconds")
_COUNTS = {
    "failure_threshold": (1, _MAX_COUNT),
    "minimum": (1, _MAX_COUNT),
    "window_seconds": (MIN_WINDOW, MAX_WINDOW),
    "half_open_requests": (1, _MAX_PROBES),
}


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)  # some are no float's


def _is_rate(value: Any) -> bool:
    return _is_number(value) and 0 < value <= 1


def _is_count(value: Any, least: int, most: int, *, optional: bool) -> bool:
    if value is None:
        return optional
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_seconds(value: Any, *, optional: bool) -> bool:
    if value is None:
        return optional
    return _is_number(value) and 0 < value <= _MAX_SECONDS
