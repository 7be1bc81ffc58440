"""The documented settings of error recovery, as one frozen value.

They are read once: from the Django settings where there are any, else from the environment variables of the same names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

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
    accepted: dict[str, Any] = {}
    for name, (fits, _) in _FORMS.items():
        value = values.get(name.upper())
        if value is not None and fits(value):
            accepted[name] = value
    return ErrorRecovery(**accepted)


def problems(values: Mapping[str, Any]) -> list[str]:
    """Say, one line each, which settings are wrong and which form is accepted."""
    return [
        f"{name.upper()} {form}."
        for name, (fits, form) in _FORMS.items()
        if name.upper() in values and not fits(values[name.upper()])
    ]


@cache
def get_error_recovery() -> ErrorRecovery:
    """Return what this process was told, read once."""
    return load(given())


def given() -> dict[str, Any]:
    """Return those of the settings that are there, by name."""
    try:
        from django.conf import settings

        return {name: getattr(settings, name) for name in NAMES if hasattr(settings, name)}
    except Exception:  # no Django, or none that is configured
        return {name: _read(os.environ[name]) for name in NAMES if os.environ.get(name)}


def _read(text: str) -> Any:
    """Read a number or a truth value as such."""
    try:
        return json.loads(text.lower())
    except ValueError:
        return text


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
