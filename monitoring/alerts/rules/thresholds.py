"""Thresholds of errors that code has set in this process, by severity. Needs neither models nor a database."""

from __future__ import annotations

import math
from collections.abc import Mapping

from monitoring.classification import ErrorSeverity, severity_of

from .builtin import THRESHOLDS

_set: dict[str, float] = {}


def current() -> dict[str, float]:
    """Return all thresholds as they are for this process."""
    return {**THRESHOLDS, **_set}


def given() -> dict[str, float]:
    """Return those that code has set."""
    return dict(_set)


def replace(values: Mapping[str, float]) -> None:
    """Set thresholds; the severities that are left out have their documented ones.

    Raises:
        ValueError: A key is no severity, or a value no positive number.
    """
    read: dict[str, float] = {}
    for name, value in values.items():
        severity = name if isinstance(name, ErrorSeverity) else severity_of(str(name))
        good = isinstance(value, int | float) and not isinstance(value, bool) and value > 0 and math.isfinite(value)
        if severity is None or not good:
            raise ValueError(f"alert_thresholds must be positive numbers by {', '.join(THRESHOLDS)}, like {THRESHOLDS}")
        read[severity.value] = value
    _set.clear()
    _set.update(read)
