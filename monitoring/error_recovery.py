"""The documented settings of error recovery, as one frozen value.

They are read once: from the Django settings where there are any, else from the environment variables of the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from monitoring import documented

_MAX_MILLISECONDS = 60_000
_MAX_FACTOR = 100


@dataclass(frozen=True)
class ErrorRecovery:
    """What an operator can choose. The attribute `error_recovery_timeout` is the setting of that name in capitals."""

    error_recovery_timeout: int = 5000
    """Milliseconds for which a caller waits until it is known what became of its error; retries included."""
    auto_scale_on_error: bool = False
    """Whether recovery may add capacity at all, such as processes of workers and replicas in Kubernetes."""
    max_scale_factor: float = 3.0
    """Recovery scales to so many times of what there was at most."""

    @property
    def seconds(self) -> float:
        """For how long a caller waits."""
        return self.error_recovery_timeout / 1000


NAMES = tuple(one.name.upper() for one in fields(ErrorRecovery))


def load(values: Mapping[str, Any]) -> ErrorRecovery:
    """Build the value from settings by their names, ill-formed ones left out (`problems` reports them)."""
    return ErrorRecovery(**documented.accepted(_FORMS, values))


def problems(values: Mapping[str, Any]) -> list[str]:
    """Say, one line each, which settings are wrong and which form is accepted."""
    return documented.problems(_FORMS, values)


@cache
def get_error_recovery() -> ErrorRecovery:
    """Return what this process was told, read once."""
    return load(given())


def given() -> dict[str, Any]:
    """Return those of the settings that are there, by name."""
    return documented.given(NAMES)


def _is_time(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MAX_MILLISECONDS


def _is_factor(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= _MAX_FACTOR


_FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "error_recovery_timeout": (_is_time, f"must be a whole number of milliseconds from 1 to {_MAX_MILLISECONDS}"),
    "auto_scale_on_error": (lambda value: isinstance(value, bool), "must be true or false"),
    "max_scale_factor": (_is_factor, f"must be a number from 1 (nothing is scaled) to {_MAX_FACTOR}"),
}
"""What each setting must be, and how it is said."""
