"""Enginel's own exceptions."""

from __future__ import annotations

from ..severity import ErrorSeverity
from ..traits import Traits
from .documented import like

CLASSES: dict[str, Traits] = {
    # The dependency's own errors have told how bad it is; opening its circuit once more would help nobody.
    "monitoring.recording.resilience.circuits.CircuitOpenError": like(
        "ServiceUnavailableError", severity=ErrorSeverity.LOW, status=503, recovery=("fallback",)
    ),
    # Enginel is away from who looks at its numbers: nothing that serves users is broken.
    "monitoring.remote.errors.UnavailableError": like(
        "ServiceUnavailableError", severity=ErrorSeverity.LOW, status=503, recovery=("retry",)
    ),
}
