"""How loud an alert is, and the severities of errors that stand for it."""

from __future__ import annotations

from enum import StrEnum

from monitoring.classification import ErrorSeverity


class AlertLevel(StrEnum):
    """How loud an alert is, from the loudest down."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def severity(self) -> ErrorSeverity:
        """The severity that it stands for."""
        return _SEVERITIES[self]


_SEVERITIES = {
    AlertLevel.CRITICAL: ErrorSeverity.CRITICAL,
    AlertLevel.ERROR: ErrorSeverity.HIGH,
    AlertLevel.WARNING: ErrorSeverity.MEDIUM,
    AlertLevel.INFO: ErrorSeverity.LOW,
}
_LEVELS = {severity: level for level, severity in _SEVERITIES.items()}


def level_of(severity: ErrorSeverity | str) -> AlertLevel:
    """Return the level that stands for a severity.

    Raises:
        ValueError: It is no severity.
    """
    return _LEVELS[ErrorSeverity(severity)]
