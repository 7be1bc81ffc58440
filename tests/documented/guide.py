"""What the middleware guide (the fifth of the texts) shows, as it is typed there, for an application of FastAPI.

Needs no Django: it runs in processes with and without. `run` returns what came of each part.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, HTTPException, Request
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import ASGIApp

from monitoring.alerts import AlertLevel, ErrorAlertingSystem, ErrorMonitor
from monitoring.analysis import ErrorAnalysisEngine, ErrorMetricsCollector
from monitoring.endpoints import ErrorMonitoringEndpoints
from monitoring.errors import ErrorTracker
from monitoring.errors.classification import ErrorClassifier, ErrorSeverity, ErrorType
from monitoring.journal import AuditLogger, BusinessLogger, SecurityMonitor
from monitoring.recording.asgi import (
    DatabaseError,
    ErrorHandlingMiddleware,
    ErrorMonitoringMiddleware,
    LoggingMiddleware,
    PerformanceMonitor,
    ValidationError,
    create_error_handling_middleware,
    create_error_monitoring_middleware,
    create_logging_middleware,
)
from monitoring.recording.recorder import recorder
from monitoring.recovery import ErrorRecovery, ErrorRecoveryContextManager, ErrorRecoveryStrategies
from tests.asgi import ask
from tests.remote.patience import patiently

PATIENCE = 30.0
sent: deque[dict[str, Any]] = deque(maxlen=100)
arrived = threading.Event()


class Database:
    """One that is back once it is asked to be, or only as a replica."""

    def __init__(self, *, returns: bool = True) -> None:
        self.returns = returns

    async def reconnect(self) -> None:
        if not self.returns:
            raise ConnectionError("still gone")

    async def use_read_replica(self) -> None:
        await asyncio.sleep(0)

    ping = reconnect


database = Database()
logger = structlog.get_logger("guide")
log_context = {"request_id": "0af7651916cd43dd8448eb211c80319c", "path": "/videos"}


async def send_slack_message(message: dict[str, Any]) -> None:
    sent.append(message)
    arrived.set()


def configured() -> dict[str, Any]:
    """Basic usage, advanced configuration, and the complete setup."""
    app = create_app()
    monitor = ErrorMonitor()
    monitor.alert_thresholds = {
        "critical": 1,  # Alert immediately
        "high": 5,  # Alert after 5 errors
        "medium": 20,  # Alert after 20 errors
        "low": 100,  # Alert after 100 errors
    }
    middleware = ErrorHandlingMiddleware(
        app=None,
        enable_recovery=True,
        enable_monitoring=True,
        log_request_body=True,
        log_headers=True,
    )
    app.add_middleware(ErrorHandlingMiddleware, enable_recovery=True, enable_monitoring=True)
    found = ErrorClassifier().classify_error(TimeoutError("too late"))
    return {
        "options": create_error_handling_middleware(enable_recovery=False).__dict__,
        "thresholds": monitor.alert_thresholds,
        "app": type(app).__name__,
        "middleware": type(middleware).__name__,
        "kind": found.kind,
    }


def create_app() -> FastAPI:
    """Create an application with all three."""
    app = FastAPI(title="HeyGen AI API", description="AI-powered video creation API", version="1.0.0")
    error_middleware = create_error_handling_middleware(
        enable_recovery=True, enable_monitoring=True, log_request_body=False, log_headers=False
    )
    app.add_middleware(ErrorHandlingMiddleware, **error_middleware.__dict__)
    logging_middleware = create_logging_middleware(
        log_request_body=False,
        log_response_body=False,
        log_headers=False,
        enable_performance_monitoring=True,
        enable_security_monitoring=True,
        enable_business_logging=True,
        enable_audit_logging=True,
    )
    app.add_middleware(LoggingMiddleware, **logging_middleware.__dict__)
    monitoring_middleware = create_error_monitoring_middleware(
        enable_metrics=True,
        enable_alerting=True,
        enable_analysis=True,
        enable_recovery=True,
        retention_hours=24,
    )
    app.add_middleware(ErrorMonitoringMiddleware, **monitoring_middleware.__dict__)
    app.include_router(router)
    return app


def recovered() -> dict[str, Any]:
    """Custom strategies, for exceptions and for events."""

    async def database_recovery_strategy(exception: BaseException, context: Any) -> dict[str, str]:
        try:
            await database.reconnect()
            return {"status": "recovered", "action": "database_reconnected"}  # noqa: TRY300  # as documented
        except Exception:
            return {"status": "degraded", "action": "using_cached_data"}

    async def custom_resource_recovery(error_event: Any) -> dict[str, str]:
        try:
            await Database(returns=False).reconnect()
            return {"status": "recovered", "action": "database_reconnected"}  # noqa: TRY300  # as documented
        except Exception:
            await database.use_read_replica()
            return {"status": "degraded", "action": "using_read_replica"}

    recovery = ErrorRecovery()
    recovery.recovery_strategies[ErrorType.DATABASE_ERROR] = database_recovery_strategy
    recovery_strategies = ErrorRecoveryStrategies()
    recovery_strategies.recovery_strategies[ErrorType.RESOURCE_ERROR] = custom_resource_recovery

    first, second = ErrorRecoveryContextManager(), ErrorRecoveryContextManager()
    with first:
        raise DatabaseError("Connection refused")
    with second:
        raise MemoryError("full")
    return {"said": [one.recovery["message"] for one in (first, second) if one.recovery]}


def alerted() -> dict[str, Any]:
    """A rule of one's own, and a channel."""
    alerting_system = ErrorAlertingSystem()

    def critical_error_condition(error_event: Any) -> bool:
        return bool(
            error_event.severity == ErrorSeverity.CRITICAL or error_event.error_type == ErrorType.DATABASE_ERROR
        )

    alerting_system.add_alert_rule(
        name="critical_errors",
        condition=critical_error_condition,
        alert_level=AlertLevel.CRITICAL,
        message_template="Critical error: {error_type} at {endpoint}",
        cooldown_minutes=1,
    )

    async def slack_alert_channel(alert: Any) -> None:
        message = {
            "text": f"🚨 {alert['message']}",
            "attachments": [
                {
                    "color": "danger" if alert["alert_level"] == "critical" else "warning",
                    "fields": [
                        {"title": "Error Type", "value": alert["error_event"]["error_type"]},
                        {"title": "Endpoint", "value": alert["error_event"]["endpoint"]},
                        {"title": "User ID", "value": alert["error_event"]["user_id"] or "Unknown"},
                    ],
                }
            ],
        }
        await send_slack_message(message)

    alerting_system.add_alert_channel("slack", slack_alert_channel)
    ErrorTracker.log_error(DatabaseError("Connection refused"), request_path="/videos")
    recorder.flush()
    assert arrived.wait(PATIENCE)
    return sent[0]


def read() -> dict[str, Any]:
    """Metrics, trends and insights; statistics of this process."""
    metrics_collector = ErrorMetricsCollector(retention_hours=24)
    metrics, trends = metrics_collector.get_metrics(), metrics_collector.get_error_trends(hours=1)
    insights = ErrorAnalysisEngine().get_error_insights()
    performance_monitor = PerformanceMonitor()
    performance_monitor.slow_request_threshold_ms = 1000  # 1 second
    stats = performance_monitor.get_performance_stats()
    return {
        "metrics": {name: metrics[name] for name in ("total_errors", "recent_errors", "error_rate_per_minute")},
        "trends": {name: trends[name] for name in ("hourly_counts", "average_errors_per_hour")},
        "insights": {name: insights[name] for name in ("total_patterns", "most_common_errors", "recommendations")},
        "stats": {name: stats[name] for name in ("average_duration_ms", "slow_requests", "error_requests")},
    }


async def written() -> dict[str, Any]:
    """Business and audit events."""
    business_logger = BusinessLogger()
    await business_logger.log_video_creation(
        video_id="vid_123", template_id="template_1", script_length=500, context=log_context, user_id="user_456"
    )
    await business_logger.log_user_action(
        action="update", resource_type="video", resource_id="vid_123", context=log_context, user_id="user_456"
    )
    audit_logger = AuditLogger()
    await audit_logger.log_authentication(success=True, user_id="user_456", context=log_context)
    kept = await audit_logger.log_authorization(
        resource="/videos/123", action="update", granted=True, context=log_context, user_id="user_456"
    )
    return {"kept": str(kept)}


router = APIRouter()
monitoring_endpoints = ErrorMonitoringEndpoints(ErrorHandlingMiddleware(app=None))


@router.get("/metrics/errors")
async def get_error_metrics() -> dict[str, Any]:
    """Get error metrics."""
    return monitoring_endpoints.get_metrics()


@router.get("/metrics/trends")
async def get_error_trends(hours: int = 1) -> dict[str, Any]:
    """Get error trends."""
    return monitoring_endpoints.get_trends(hours)


@router.get("/metrics/insights")
async def get_error_insights() -> dict[str, Any]:
    """Get error insights."""
    return monitoring_endpoints.get_insights()


@router.get("/metrics/alerts")
async def get_alerts(hours: int = 24) -> dict[str, Any]:
    """Get alert history."""
    return monitoring_endpoints.get_alerts(hours)


@router.get("/search")
async def search(request: Request) -> dict[str, Any]:
    """What is looked at of a request, by the monitor and by hand."""
    security_monitor = SecurityMonitor()
    security_monitor.max_requests_per_minute = 100
    security_result = await security_monitor.check_security(request, log_context)
    if security_result["issues_found"] > 0:
        logger.warning("Security issues detected", issues=security_result["issues"])
    return {**security_result, "by_hand": await check_security_issues(request)}


async def check_security_issues(request: Request) -> list[str]:
    security_issues = []
    if "<script>" in str(request.url):
        security_issues.append("XSS attempt detected")
    if security_issues:
        logger.warning(
            "Security issues detected",
            issues=security_issues,
            ip_address=request.client.host if request.client else "",
        )
    return security_issues


class EfficientLoggingMiddleware(BaseHTTPMiddleware):
    """A middleware of the application's own."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app)
        self.logger = structlog.get_logger()

    async def dispatch(self, request: Request, call_next: Any) -> Any:
        start_time = time.time()
        response = await call_next(request)
        duration = time.time() - start_time
        if duration > 1.0:
            self.logger.warning("Slow request", duration=duration, path=request.url.path)
        return response


async def log_async(event_data: dict[str, Any]) -> None:
    """Async logging operation."""
    await logger.ainfo("Event occurred", **event_data)


@router.get("/health")
async def health_check() -> dict[str, Any]:
    """Health check endpoint."""
    try:
        await database.ping()
        db_status = "healthy"
    except Exception:
        db_status = "unhealthy"
    return {"status": db_status, "timestamp": datetime.now(UTC).isoformat(), "services": {"database": db_status}}


@router.post("/videos")
async def create_video(email: str = "") -> dict[str, Any]:
    start_time = time.time()
    if not email:
        raise ValidationError(
            message="Email is required", details=[{"field": "email", "message": "Email cannot be empty"}]
        )
    if email == "bad":
        raise HTTPException(status_code=400, detail="Bad request")
    if email == "broken":
        raise DatabaseError("Connection refused")
    return {"duration_ms": (time.time() - start_time) * 1000}


async def answered(app: FastAPI, path: str) -> int:
    """Return the status of an answer; 503 is that of one that is still to come."""
    deadline = time.monotonic() + PATIENCE
    while (status := (await ask(app, path)).status) == 503 and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return status


async def served() -> dict[str, Any]:
    """The endpoints of the guide, and the exceptions that are answers."""
    app: FastAPI = create_app()
    found: dict[str, Any] = {}
    app.add_middleware(EfficientLoggingMiddleware)
    await log_async({"video_id": "vid_123"})
    found["search"] = json.loads((await ask(app, "/search?page=<script>alert(document.cookie)</script>")).body)
    for path in (
        "/metrics/errors",
        "/metrics/trends?hours=1",
        "/metrics/insights",
        "/metrics/alerts?hours=24",
        "/health",
    ):
        found[path.partition("?")[0]] = await answered(app, path)
    for email in ("", "bad", "broken", "jo"):
        answer = await ask(app, f"/videos?email={email}", "POST")
        found[f"POST {email}"] = [answer.status, answer.body.decode()]
    return found


def run() -> dict[str, Any]:
    """Return what came of every part; channels and strategies are registered last, so that they see what follows."""
    return {
        "process": os.getpid(),
        "configured": configured(),
        "served": asyncio.run(served()),
        "read": patiently(read),
        "written": asyncio.run(written()),
        "recovered": recovered(),
        "alerted": alerted(),
    }
