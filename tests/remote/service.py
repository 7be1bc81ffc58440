"""A service without Django, in a process of its own: does what its argument names, and prints what came of it."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import tests.remote.refusing  # noqa: F401  # before anything of Enginel
from tests.remote.patience import patiently

NAMES = {
    "monitoring.errors": ["ErrorTracker", "ErrorCaptureService"],
    "monitoring.errors.classification": ["ErrorClassifier", "ErrorType", "ErrorSeverity"],
    "monitoring.alerts": ["ErrorAlertingSystem", "AlertLevel", "ErrorMonitor"],
    "monitoring.analysis": ["ErrorMetricsCollector", "ErrorAnalysisEngine", "ErrorPredictor"],
    "monitoring.endpoints": ["ErrorMonitoringEndpoints"],
    "monitoring.health": ["HealthChecker"],
    "monitoring.journal": ["BusinessLogger", "AuditLogger", "SecurityMonitor"],
    "monitoring.metrics": ["MetricsCollector"],
    "monitoring.performance": ["PerformanceMonitor"],
    "monitoring.recovery": [
        "AIErrorRecoveryMiddleware", "ai_error_handler", "ErrorRecoveryContextManager", "trigger_manual_recovery",
        "trigger_preventive_recovery", "RecoveryStrategy", "AutoRecoveryExecutor", "ErrorRecovery",
        "ErrorRecoveryStrategies", "circuit", "CircuitOpenError", "fallback", "is_degraded", "session", "timeout",
        "with_fallback",
    ],
}  # fmt: skip
"""What is documented for services of any framework, by its home."""
PATIENCE = 30.0


def imported() -> dict[str, Any]:
    """Import all that is documented; say what is missing, and how many threads run of it."""
    missing = [f"{home}.{name}" for home, names in NAMES.items() for name in names if not _has(home, name)]
    return {"missing": missing, "threads": threading.active_count()}


def _has(home: str, name: str) -> bool:
    return hasattr(import_module(home), name)


def refused() -> dict[str, Any]:
    """Read without having been told where Enginel is."""
    return {name: _failure(read) for name, read in readers().items()}


def _failure(call: Callable[[], Any]) -> str:
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def readers() -> dict[str, Callable[[], Any]]:
    """All that reads, by its name."""
    from monitoring.analysis import ErrorAnalysisEngine, ErrorMetricsCollector, ErrorPredictor
    from monitoring.endpoints import ErrorMonitoringEndpoints
    from monitoring.errors import ErrorTracker
    from monitoring.health import HealthChecker
    from monitoring.metrics import MetricsCollector
    from monitoring.performance import PerformanceMonitor

    collector, endpoints = ErrorMetricsCollector(retention_hours=24), ErrorMonitoringEndpoints("shop")
    return {
        "recent": lambda: ErrorTracker.get_recent_errors(limit=5),
        "live": MetricsCollector.get_metrics,
        "operation": lambda: PerformanceMonitor.get_operation_stats("render"),
        "unknown_operation": lambda: PerformanceMonitor.get_operation_stats("nothing"),
        "metrics": collector.get_metrics,
        "trends": lambda: collector.get_error_trends(hours=1),
        "insights": ErrorAnalysisEngine().get_error_insights,
        "endpoint_metrics": endpoints.get_metrics,
        "endpoint_trends": lambda: endpoints.get_trends(1),
        "endpoint_insights": endpoints.get_insights,
        "alerts": lambda: endpoints.get_alerts(24),
        "redis": HealthChecker.check_redis,
        "health": HealthChecker.get_full_health_status,
        "predictions": lambda: [vars(one) for one in ErrorPredictor().predict_errors({"service": "shop"})],
    }


def reading() -> dict[str, Any]:
    """Read everything, and one thing on an event loop, too."""
    found = {name: patiently(read) for name, read in readers().items()}

    async def on_a_loop() -> Any:
        return readers()["metrics"]()

    found["on_a_loop"] = patiently(lambda: asyncio.run(on_a_loop()))
    return found


def recovering() -> dict[str, Any]:
    """Ask for the recovery of an error that is not there, and for that of a prediction nobody has made."""
    from types import SimpleNamespace

    from monitoring.recovery import trigger_manual_recovery, trigger_preventive_recovery

    nothing = SimpleNamespace(error_id="", service="shop", name="nothing")
    nowhere = "00000000-0000-4000-8000-000000000000"
    return {
        "manual": patiently(lambda: trigger_manual_recovery(nowhere)),
        "preventive": patiently(lambda: trigger_preventive_recovery(nothing)),
    }


def calling() -> dict[str, Any]:
    """Fail in some ways, with functions registered that are shown errors; say who was called on which thread."""
    from monitoring.alerts import AlertLevel, ErrorAlertingSystem
    from monitoring.endpoints import ErrorMonitoringEndpoints
    from monitoring.errors import ErrorTracker
    from monitoring.errors.classification import ErrorClassifier, ErrorSeverity, ErrorType
    from monitoring.recording.recorder import recorder
    from monitoring.recovery import (
        ErrorRecovery,
        ErrorRecoveryContextManager,
        ErrorRecoveryStrategies,
        ai_error_handler,
    )

    called: dict[str, bool] = {}
    told: list[Any] = []
    heard = threading.Event()

    def here(name: str) -> None:
        called[name] = threading.current_thread() is not threading.main_thread()

    def condition(error_event: Any) -> bool:
        here("condition")
        return bool(error_event.severity == ErrorSeverity.CRITICAL)

    async def async_condition(error_event: Any) -> bool:
        here("async condition")
        await asyncio.sleep(0)
        return bool(error_event.error_type == ErrorType.RESOURCE_ERROR)

    async def channel(alert: Any) -> None:
        here("async channel")
        told.append({name: alert[name] for name in ("name", "message", "alert_level")})
        if len(told) == 2:
            heard.set()

    alerting = ErrorAlertingSystem()
    alerting.add_alert_rule("critical", condition, AlertLevel.CRITICAL, "Critical: {error_type} at {endpoint}", 1)
    alerting.add_alert_rule("resources", async_condition, "warning", "{message}", 1)
    alerting.add_alert_channel("list", channel)
    ErrorMonitoringEndpoints("shop").add_alert_channel("all", lambda _alert: here("channel of the endpoints"))
    ErrorTracker.log_error(MemoryError("full"), severity="CRITICAL", request_path="/videos/")
    recorder.flush()
    assert heard.wait(PATIENCE)

    recovery, strategies = ErrorRecovery(), ErrorRecoveryStrategies()

    async def recover(exception: BaseException, context: Any) -> dict[str, str]:
        here("async strategy")
        return {"status": "recovered", "action": f"after_{type(exception).__name__}"}

    def degrade(error_event: Any) -> dict[str, str]:
        here("strategy of events")
        return {"status": "degraded", "action": error_event.exception_type}

    recovery.recovery_strategies[_kind(ErrorClassifier, ConnectionError())] = recover
    strategies.recovery_strategies[_kind(ErrorClassifier, MemoryError())] = degrade
    first, second = ErrorRecoveryContextManager(service="shop"), ErrorRecoveryContextManager()
    with first:
        raise ConnectionError("gone")
    with second:
        raise MemoryError("full")

    async def view() -> None:
        raise ConnectionError("gone, too")

    handled = _failure(lambda: asyncio.run(ai_error_handler(view)()))
    threshold = _reached()
    recorder.close()
    return {
        "called": called,
        "told": told,
        "recovered": [_short(one.recovery) for one in (first, second)],
        "handled": handled,
        "threshold": threshold,
    }


def _reached() -> float:
    """Fail as often as a threshold says; return it."""
    from monitoring.alerts import ErrorMonitor
    from monitoring.alerts.in_code import counted
    from monitoring.errors import ErrorTracker
    from monitoring.recording.recorder import recorder

    monitor, reached = ErrorMonitor(), threading.Event()
    monitor.alert_thresholds = {"high": 2}
    counted.attend().add_alert_channel("reached", lambda _alert: reached.set())
    for _ in range(2):
        ErrorTracker.log_error(KeyError("one cause"), severity="ERROR")
    recorder.flush()
    assert reached.wait(PATIENCE)
    return monitor.alert_thresholds["high"]


def _kind(classifier: Any, error: BaseException) -> Any:
    return classifier().classify_error(error).kind


def _short(recovery: Any) -> Any:
    return [recovery["success"], [one["strategy"] for one in recovery["actions"]]]


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](), default=str))
