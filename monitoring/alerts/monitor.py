"""The documented face of the thresholds from which on errors are worth an alert."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring import remote

from .in_code import counted
from .rules import thresholds


class ErrorMonitor:
    """Alerts of errors by their severity.

    The thresholds are those of the builtin rules: so many errors of one group within ten minutes. What is set in a
    `monitoring_hooks.py` is known to the workers, which evaluate the rules; what people changed in the admin or the
    API, or settings say, goes before it.

    A service without Django counts for itself: thresholds that are set alert of the errors that this process sends in
    full, `ERRORS_PER_MINUTE` of each place in the code, beside what the rules of Enginel find.
    """

    @property
    def alert_thresholds(self) -> dict[str, float]:
        """How many errors of each severity are worth an alert."""
        return thresholds.current()

    @alert_thresholds.setter
    def alert_thresholds(self, values: Mapping[str, float]) -> None:
        thresholds.replace(values)
        if remote.wanted():
            counted.attend()
