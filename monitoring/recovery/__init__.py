"""Recovery: safe remedies for what fails, each watched, explained and taken back where it did not help.

Importing it needs neither models nor a database: what is exported here works under FastAPI too.
"""

from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.recording.resilience.fallbacks import fallback, is_degraded, with_fallback
from monitoring.recording.resilience.http import session
from monitoring.recording.resilience.timeouts import timeout

from .callers.context_manager import ErrorRecoveryContextManager
from .callers.decorator import ai_error_handler
from .callers.manual import trigger_manual_recovery, trigger_preventive_recovery
from .callers.middleware import AIErrorRecoveryMiddleware
from .in_code.callables import ErrorRecovery, ErrorRecoveryStrategies
from .in_code.names import AutoRecoveryExecutor, RecoveryStrategy

__all__ = [
    "AIErrorRecoveryMiddleware",
    "AutoRecoveryExecutor",
    "CircuitOpenError",
    "ErrorRecovery",
    "ErrorRecoveryContextManager",
    "ErrorRecoveryStrategies",
    "RecoveryStrategy",
    "ai_error_handler",
    "circuit",
    "fallback",
    "is_degraded",
    "session",
    "timeout",
    "trigger_manual_recovery",
    "trigger_preventive_recovery",
    "with_fallback",
]
