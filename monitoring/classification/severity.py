"""How bad an error is: four severities, the log levels they stand for, and what the environment makes of them."""

from __future__ import annotations

from enum import StrEnum


class ErrorSeverity(StrEnum):
    """How bad an error is, from the worst down."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def level(self) -> str:
        """The log level that stands for it: `CRITICAL`, `ERROR`, `WARNING` or `INFO`."""
        return _LEVELS[self]

    @property
    def answer_status(self) -> int:
        """The HTTP status that an answer of error recovery has for it."""
        return _ANSWERS[self]

    def within(self, environment: str) -> ErrorSeverity:
        """Return how bad it is where it happened.

        Args:
            environment: `production`, `staging` or `development`; another one counts as production.
        """
        return ENVIRONMENTS.get(environment, {}).get(self, self)


_LEVELS = {
    ErrorSeverity.CRITICAL: "CRITICAL",
    ErrorSeverity.HIGH: "ERROR",
    ErrorSeverity.MEDIUM: "WARNING",
    ErrorSeverity.LOW: "INFO",
}
_ANSWERS = {
    ErrorSeverity.CRITICAL: 500,
    ErrorSeverity.HIGH: 503,
    ErrorSeverity.MEDIUM: 400,
    ErrorSeverity.LOW: 400,
}
ENVIRONMENTS: dict[str, dict[ErrorSeverity, ErrorSeverity]] = {
    "staging": {
        ErrorSeverity.CRITICAL: ErrorSeverity.HIGH,
        ErrorSeverity.HIGH: ErrorSeverity.MEDIUM,
        ErrorSeverity.MEDIUM: ErrorSeverity.LOW,
    },
    "development": {
        ErrorSeverity.CRITICAL: ErrorSeverity.MEDIUM,
        ErrorSeverity.HIGH: ErrorSeverity.LOW,
        ErrorSeverity.MEDIUM: ErrorSeverity.LOW,
    },
}
"""What the environment makes of a severity that follows from the error; one that was given explicitly stays."""


def worst(*severities: ErrorSeverity) -> ErrorSeverity:
    """Return the worst of some severities."""
    return min(severities, key=_RANKS.__getitem__)


def severity_of(text: str | int) -> ErrorSeverity | None:
    """Return the severity that a severity, a log level or a level's number names, in any case; None for others.

    Args:
        text: Such as `critical`, `ERROR` or 40. Other numbers count as the named level below them.
    """
    if isinstance(text, int):
        return next((severity for least, severity in _NUMBERS if text >= least), ErrorSeverity.LOW)
    return _NAMES.get(text.strip().lower())


_RANKS = {severity: rank for rank, severity in enumerate(ErrorSeverity)}
_NUMBERS = (
    (50, ErrorSeverity.CRITICAL),
    (40, ErrorSeverity.HIGH),
    (30, ErrorSeverity.MEDIUM),
)
_NAMES: dict[str, ErrorSeverity] = {
    **{severity.value: severity for severity in ErrorSeverity},
    **{level.lower(): severity for severity, level in _LEVELS.items()},
    "fatal": ErrorSeverity.CRITICAL,
    "warn": ErrorSeverity.MEDIUM,
    "debug": ErrorSeverity.LOW,
}
