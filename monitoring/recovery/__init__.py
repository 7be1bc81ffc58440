"""Recovery: safe remedies for what fails, each watched, explained and taken back where it did not help.

Importing it needs neither models nor a database: what is exported here works under FastAPI too.
"""

from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.recording.resilience.fallbacks import fallback, is_degraded, with_fallback
from monitoring.recording.resilience.http import session
from monitoring.recording.resilience.timeouts import timeout

__all__ = ["CircuitOpenError", "circuit", "fallback", "is_degraded", "session", "timeout", "with_fallback"]
