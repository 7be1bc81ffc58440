"""Every name that is documented is where it is documented.

What later parts of the platform bring is listed as not there yet, with what it belongs to; once it is there, the list
is wrong and the test says so.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.test import Client
from rest_framework.exceptions import APIException

import designs.exceptions
from designs.exceptions import (
    EnginelBaseException,
    FileValidationError,
)
from monitoring.error_tracking import get_error_tracking
from monitoring.errors.models import ErrorLog

HOMES = {
    "designs.exceptions": [
        "EnginelBaseException", "GeometryProcessingError", "FileValidationError", "InvalidFileFormat",
        "FileSizeExceeded", "CorruptedFile", "OrganizationLimitExceeded", "InsufficientPermissions", "ITARViolation",
        "ClearanceLevelInsufficient", "UnitConversionError", "BOMExtractionError", "StorageQuotaExceeded",
        "UserLimitExceeded", "DesignNotReady", "DuplicatePartNumber", "TaskTimeoutError", "ExternalServiceError",
        "raise_geometry_error", "raise_validation_error", "raise_permission_error",
    ],
    "designs.monitoring": ["ErrorTracker", "PerformanceMonitor", "MetricsCollector", "HealthChecker"],
    "designs.middleware": [
        "ErrorTrackingMiddleware", "RequestLoggingMiddleware", "PerformanceMonitoringMiddleware", "MetricsMiddleware",
    ],
    "monitoring.recording.middleware": ["MonitoringMiddleware"],
    "monitoring.errors": ["ErrorTracker", "ErrorCaptureService"],
    "monitoring.errors.middleware": ["ErrorCaptureMiddleware"],
    "monitoring.errors.services": ["ErrorCaptureService", "BugCreationService"],
    "monitoring.errors.models": ["ErrorLog", "KnownBug"],
    "monitoring.errors.classification": ["ErrorClassifier", "ErrorType", "ErrorSeverity"],
    "tasks.errors": ["create_bug_task"],
    "monitoring.protection.middleware": ["ProtectionMiddleware"],
    "monitoring.analysis": ["ErrorMetricsCollector", "ErrorAnalysisEngine", "ErrorPredictor"],
    "monitoring.endpoints": ["ErrorMonitoringEndpoints"],
    "monitoring.alerts": ["ErrorAlertingSystem", "AlertLevel", "ErrorMonitor"],
    "monitoring.recovery": [
        "AIErrorRecoveryMiddleware", "ai_error_handler", "ErrorRecoveryContextManager", "trigger_manual_recovery",
        "trigger_preventive_recovery", "RecoveryStrategy", "AutoRecoveryExecutor", "ErrorRecovery",
        "ErrorRecoveryStrategies", "circuit", "CircuitOpenError", "fallback", "is_degraded", "session", "timeout",
        "with_fallback",
    ],
    "monitoring.recording.asgi": [
        "create_error_handling_middleware", "create_logging_middleware", "create_error_monitoring_middleware",
        "ErrorHandlingMiddleware", "LoggingMiddleware", "ErrorMonitoringMiddleware", "EnginelMiddleware",
        "PerformanceMonitor", "ValidationError", "DatabaseError", "AsgiRequest", "health_route",
    ],
    "monitoring.journal": ["LoggingUtilities", "BusinessLogger", "AuditLogger", "SecurityMonitor"],
}  # fmt: skip
READABLE = {
    "/api/health/": 200, "/api/health/ready/": 200, "/api/health/detailed/": 200, "/api/monitoring/dashboard/": 200,
    "/api/monitoring/errors/?limit=50": 200, "/api/monitoring/performance/": 200, "/metrics": 200,
    "/api/errors/summary/?service=django&hours=24": 200, "/api/metrics/alerts?hours=24": 200,
    "/api/metrics/errors": 200, "/api/metrics/trends?hours=1": 200, "/api/metrics/insights": 200,
    "/api/schema/": 200, "/api/docs/": 200, "/api/monitoring/traces/": 200, "/api/monitoring/journal/": 200,
    "/api/monitoring/security/": 200,
}  # fmt: skip
LATER_PATHS = {
    "/monitoring/": "Pages",
}
SETTINGS = {
    "ENABLED": True, "AUTO_CREATE_BUGS": True, "BUG_THRESHOLD": 1, "GITHUB_REPO": "", "PLANNING_DIR": "planning/tasks",
    "EXCLUDE_PATHS": ("/health/", "/static/", "/media/"), "EXCLUDE_STATUS_CODES": (),
}  # fmt: skip
STATUSES = {
    "EnginelBaseException": 500, "GeometryProcessingError": 422, "FileValidationError": 400, "InvalidFileFormat": 400,
    "FileSizeExceeded": 400, "CorruptedFile": 400, "OrganizationLimitExceeded": 403, "InsufficientPermissions": 403,
    "ITARViolation": 403, "ClearanceLevelInsufficient": 403, "UnitConversionError": 422, "BOMExtractionError": 422,
    "StorageQuotaExceeded": 413, "UserLimitExceeded": 403, "DesignNotReady": 409, "DuplicatePartNumber": 409,
    "TaskTimeoutError": 504, "ExternalServiceError": 503,
}  # fmt: skip


class TestNames:
    @pytest.mark.parametrize("home", HOMES)
    def test_they_are_at_home(self, home: str) -> None:
        there = import_module(home)
        assert [name for name in HOMES[home] if not hasattr(there, name)] == []

    def test_faces_hold_no_logic(self) -> None:
        for home in (
            "designs.monitoring",
            "designs.middleware",
            "monitoring.errors.models",
            "monitoring.errors.services",
        ):
            face = import_module(home)
            assert sorted(name for name in vars(face) if name[0].isupper()) == sorted(face.__all__)

    def test_settings_have_their_documented_defaults(self, settings: Any) -> None:
        settings.ERROR_TRACKING = {}
        get_error_tracking.cache_clear()
        found = get_error_tracking()
        assert {name: getattr(found, name.lower()) for name in SETTINGS} == SETTINGS

    def test_each_exception_has_its_place_and_its_status(self) -> None:
        assert len(STATUSES) == 18
        for name, status in STATUSES.items():
            kind = getattr(designs.exceptions, name)
            assert issubclass(kind, EnginelBaseException)
            assert kind().status_code == status
        assert issubclass(EnginelBaseException, APIException)
        for name in ("InvalidFileFormat", "FileSizeExceeded", "CorruptedFile"):
            assert issubclass(getattr(designs.exceptions, name), FileValidationError)


@pytest.mark.usefixtures("eager", "redis_client")
class TestAddresses:
    @pytest.mark.parametrize("address", READABLE)
    def test_they_answer(self, api: Client, address: str) -> None:
        # Whether components are healthy is not what this is about.
        assert api.get(address).status_code in {READABLE[address], 503 if "/health/detailed/" in address else 0}

    @pytest.mark.parametrize("address", LATER_PATHS)
    def test_what_comes_later_is_not_there_yet(self, api: Client, address: str) -> None:
        assert api.get(address).status_code == 404, f"{LATER_PATHS[address]} is there: move this to READABLE"

    def test_only_probes_are_for_everybody(self, client: Client, db: None) -> None:
        for address in READABLE:
            opened = "/health/" in address or address == "/metrics"
            assert opened or client.get(address).status_code in {401, 403}

    def test_an_error_on_purpose_is_answered_in_the_error_format_and_logged(self, api: Client) -> None:
        answer = api.generic("POST", "/api/test-error/", headers={"x-service": "django"})
        told = answer.json()["error"]
        assert answer.json()["recovery"]["attempted"] is True
        assert (answer.status_code, told["type"], told["severity"]) == (500, "DatabaseError", "critical")
        row = ErrorLog.objects.get(error_id=told["error_id"])
        assert (row.error_type, row.service) == ("DatabaseError", "django")
