"""What is documented to be typed works, with its imports moved to where the names are at home."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.contrib.auth import get_user_model
from django.db.models import Count
from django.http import HttpResponse
from django.test import Client, TestCase
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView

import enginel.urls
from designs.exceptions import (
    EnginelBaseException,
    FileValidationError,
    GeometryProcessingError,
    raise_geometry_error,
    raise_permission_error,
    raise_validation_error,
)
from designs.models import Membership, Organization
from designs.monitoring import ErrorTracker, HealthChecker, MetricsCollector, PerformanceMonitor
from monitoring.error_tracking import get_error_tracking
from monitoring.errors.models import ErrorLog, KnownBug
from monitoring.errors.services import BugCreationService, ErrorCaptureService
from tasks.errors import create_bug_task


def parse(_design_id: Any) -> None:
    raise GeometryProcessingError("Failed to parse STEP file")


class ProcessDesignView(APIView):
    """A view that says more of an error that is captured anyway."""

    authentication_classes = []
    permission_classes = []

    def post(self, request: Any, design_id: uuid.UUID) -> Response:
        request._request.user = request.user = get_user_model().objects.get(username="admin")
        try:
            parse(design_id)
        except GeometryProcessingError as error:
            ErrorTracker.log_error(
                error=error,
                context={"design_id": design_id, "organization": request.user.organization},
                user_id=request.user.id,
                severity="ERROR",
            )
            raise
        return Response({})


def bad_endpoint(_request: Any) -> HttpResponse:
    raise KeyError("bad")


urlpatterns = [
    path("process/<uuid:design_id>/", ProcessDesignView.as_view()),
    path("api/bad-endpoint/", bad_endpoint),
    path("", include("enginel.urls")),
]
handler404, handler500 = enginel.urls.handler404, enginel.urls.handler500


@shared_task(name="tests.custom_processing")
@PerformanceMonitor.track_duration("custom_processing")
def custom_processing(design_id: str) -> None:
    """A task that says more of its error, and counts itself."""
    start, status = time.time(), "SUCCESS"
    try:
        parse(design_id)
    except Exception as error:
        status = "FAILED"
        ErrorTracker.log_error(error, context={"design_id": design_id, "task": "custom_processing"}, severity="ERROR")
        raise
    finally:
        MetricsCollector.track_celery_task(task_name="custom_processing", duration=time.time() - start, status=status)


@pytest.mark.usefixtures("eager")
class TestErrorHandlingAndMonitoring:
    """What is documented of error handling and monitoring (the first of the texts)."""

    def test_an_error_is_logged_by_hand_and_found_again(self) -> None:
        ErrorTracker.log_error(
            error=ValueError("no"),
            context={"design_id": 1, "step": "geometry_extraction"},
            user_id=7,
            request_path="/api/designs/upload/",
            severity="ERROR",
        )
        (found,) = ErrorTracker.get_recent_errors(limit=50)
        assert (found["severity"], found["user_id"], found["request_path"]) == ("ERROR", 7, "/api/designs/upload/")

    def test_operations_have_statistics(self) -> None:
        @PerformanceMonitor.track_duration("geometry_extraction")
        def extract() -> None:
            pass

        extract()
        PerformanceMonitor._record_duration("geometry_extraction", 1.5, True)
        found = PerformanceMonitor.get_operation_stats("geometry_extraction")
        assert (found["count"], found["error_rate"], found["max_duration"]) == (2, 0.5, 1.5)

    def test_metrics_are_counted_and_set(self) -> None:
        MetricsCollector.increment_counter("uploads_total")
        MetricsCollector.record_gauge("active_users", 42)
        found = MetricsCollector.get_metrics()
        assert (found["uploads_total"], found["active_users"]) == (1, 42)

    def test_components_are_checked(self, redis_client: Any) -> None:
        assert HealthChecker.check_database()["status"] == "healthy"
        assert HealthChecker.check_redis()["status"] == "healthy"
        assert {"database", "redis", "celery", "storage"} <= HealthChecker.get_full_health_status()["checks"].keys()

    def test_helpers_raise_with_what_they_are_told(self) -> None:
        cause = ValueError("line 3")
        with pytest.raises(GeometryProcessingError, match="Failed to parse") as raised:
            raise_geometry_error("Failed to parse CAD file", original_exception=cause)
        assert raised.value.__cause__ is cause
        with pytest.raises(FileValidationError) as refused:
            raise_validation_error("File too large", field="file")
        assert refused.value.details["field"] == "file"
        with pytest.raises(EnginelBaseException) as denied:
            raise_permission_error(required_role="ADMIN", current_role="VIEWER")
        assert denied.value.status_code == 403

    def test_an_error_in_a_view_that_is_also_logged_by_hand_is_one(
        self, api: Client, staff: Any, settings: Any
    ) -> None:
        settings.ROOT_URLCONF = __name__
        organization = Organization.objects.create(name="Gears")
        Membership.objects.create(user=staff, organization=organization, role="ADMIN")
        design = uuid.uuid4()
        answer = api.post(f"/process/{design}/")
        assert answer.status_code == 422
        row = ErrorLog.objects.get()
        assert (row.error_type, row.status_code, row.severity) == ("GeometryProcessingError", 422, "high")
        assert (row.context["design_id"], row.user_key) == (str(design), str(staff.pk))
        assert "organization" in row.context
        assert (row.name, row.handled) == ("POST process/<uuid:design_id>/", True)

    def test_an_error_in_a_task_that_is_also_logged_by_hand_is_one(self) -> None:
        custom_processing.apply(args=["d-1"])
        row = ErrorLog.objects.get()
        assert (row.error_type, row.severity) == ("GeometryProcessingError", "high")
        assert (row.context["design_id"], row.context["task"]) == ("d-1", "custom_processing")
        assert PerformanceMonitor.get_operation_stats("custom_processing")["error_count"] == 1
        counted = MetricsCollector.get_metrics()
        assert (counted["celery_task_custom_processing"], counted["celery_task_custom_processing_FAILED"]) == (1, 1)

    def test_an_error_is_shown_as_documented(self, api: Client) -> None:
        ErrorTracker.log_error(ValueError("no"), user_id=5, severity="ERROR")
        documented = {
            "timestamp", "error_type", "error_message", "severity", "user_id", "request_path", "context", "traceback",
        }  # fmt: skip
        listed = api.get("/api/monitoring/errors/?limit=50").json()
        assert listed["count"] == 1
        assert documented <= listed["errors"][0].keys()
        document = api.get("/api/monitoring/dashboard/").json()
        assert {"health", "recent_errors", "performance", "metrics"} <= document.keys()
        assert documented <= document["recent_errors"][0].keys()
        assert json.dumps(document["recent_errors"][0]["severity"]) == '"ERROR"'

    def test_error_handling_can_be_tested(self) -> None:
        with pytest.raises(GeometryProcessingError) as exc_info:
            raise_geometry_error("Failed to parse STEP file")
        assert exc_info.value.status_code == 422
        assert "Failed to parse" in str(exc_info.value)


class HealthCheckTests(TestCase):
    """The documented tests of health checks."""

    def test_basic_health_check(self) -> None:
        response = self.client.get("/api/health/")
        assert response.status_code == 200
        assert response.json()["status"] == "ok"

    def test_detailed_health_check(self) -> None:
        response = self.client.get("/api/health/detailed/")
        assert response.status_code in {200, 503}
        data = response.json()
        assert "checks" in data
        assert "database" in data["checks"]
        assert "redis" in data["checks"]


@pytest.mark.usefixtures("eager")
class TestErrorTracking:
    """What is documented of error tracking and known bugs (the third of the texts)."""

    def test_fingerprints_follow_the_formula(self) -> None:
        service = ErrorCaptureService()
        assert service.normalize_url("/api/pets/123/") == "/api/pets/{id}/"
        assert len(service.generate_fingerprint("csrf", "/api/pets/123/", 403)) == 16

    def test_models_have_their_fields(self) -> None:
        logged = {
            "fingerprint", "error_type", "status_code", "url_pattern", "full_url", "method", "user", "ip_address",
            "user_agent", "request_data", "exception_type", "exception_message", "traceback", "created",
        }  # fmt: skip
        known = {
            "bug_id", "fingerprint", "github_issue_number", "github_issue_url", "title", "description", "severity",
            "status", "occurrence_count", "last_occurrence", "resolved_at",
        }  # fmt: skip
        assert logged <= {field.name for field in ErrorLog._meta.get_fields()}
        assert known <= {field.name for field in KnownBug._meta.get_fields()}
        assert (KnownBug._meta.verbose_name, KnownBug._meta.verbose_name_plural) == ("Known Bug", "Known Bugs")
        indexed = [index.fields for index in ErrorLog._meta.indexes]
        assert ["fingerprint", "created"] in indexed
        assert ["status_code", "created"] in indexed

    def test_every_error_is_logged_with_its_request(self, api: Client, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__
        assert api.get("/api/bad-endpoint/", headers={"user-agent": "curl/8"}).status_code == 500
        assert api.get("/api/nowhere/").status_code == 404
        missing, broken = ErrorLog.objects.order_by("-timestamp", "-id")
        assert (broken.status_code, broken.error_type, broken.url_pattern) == (500, "KeyError", "api/bad-endpoint/")
        assert (broken.method, broken.user_agent, broken.ip_address) == ("GET", "curl/8", "127.0.0.1")
        assert "bad_endpoint" in broken.traceback
        assert missing.status_code == 404

    def test_bugs_are_made_by_a_task(self, settings: Any, tmp_path: Path) -> None:
        settings.ERROR_TRACKING = {"PLANNING_DIR": str(tmp_path)}
        get_error_tracking.cache_clear()
        data = {"title": "It is broken", "description": "Very.", "severity": "high"}
        assert BugCreationService().get_next_bug_id() == "B-001"
        made = create_bug_task.apply(args=["0123456789abcdef", data])
        assert made.get() == "B-001"
        bug = KnownBug.objects.get(fingerprint="0123456789abcdef")
        assert (bug.bug_id, bug.title, bug.severity, bug.status) == ("B-001", "It is broken", "high", "open")
        assert (tmp_path / "B-001-it-is-broken.md").exists()
        assert BugCreationService().get_next_bug_id() == "B-002"


@pytest.mark.usefixtures("eager")
class TestTheLogAsAModel:
    """What is documented of the log with error recovery (the fourth of the texts)."""

    def test_rows_are_created_with_what_matters(self) -> None:
        ErrorLog.objects.create(
            service="django", error_type="TimeoutError", severity="high", message="Database query timeout"
        )
        row = ErrorLog.objects.create(
            service="django",
            error_type="DatabaseError",
            message="Connection pool exhausted",
            context={"current_connections": 25, "affected_queries": ["SELECT", "UPDATE"]},
        )
        assert ErrorLog.objects.get(error_id=row.error_id).context["affected_queries"] == ["SELECT", "UPDATE"]
        assert ErrorLog.objects.filter(message__icontains="timeout").count() == 1

    def test_critical_ones_are_found_the_newest_first(self) -> None:
        for number in range(12):
            ErrorLog.objects.create(severity="critical", message=str(number), context={"recovery_attempted": True})
        ErrorLog.objects.create(severity="critical", resolved=True)
        found = ErrorLog.objects.filter(severity="critical", resolved=False).order_by("-timestamp")[:10]
        assert [row.message for row in found] == [str(number) for number in range(11, 1, -1)]
        assert all(row.context.get("recovery_attempted") for row in found)
        assert found[0].context.get("recovery_success") is None

    def test_what_they_say_can_be_counted(self) -> None:
        for strategy in ("retry", "retry", "cache_clear"):
            ErrorLog.objects.create(context={"recovery_success": True, "recovery_strategy": strategy})
        ErrorLog.objects.create(context={"recovery_success": False, "recovery_strategy": "retry"})
        successful = ErrorLog.objects.filter(context__recovery_success=True)
        counted = successful.values("context__recovery_strategy").annotate(count=Count("id")).order_by("-count")
        assert [(row["context__recovery_strategy"], row["count"]) for row in counted] == [
            ("retry", 2),
            ("cache_clear", 1),
        ]

    def test_the_error_that_is_answered_is_the_one_that_is_logged(self, api: Client, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__
        response = api.get("/api/bad-endpoint/", headers={"accept": "application/json"})
        assert response.status_code == 500
        data = response.json()
        assert ErrorLog.objects.get(error_id=data["error"]["error_id"]).error_type == "KeyError"

    def test_the_summary_has_the_documented_form(self, api: Client) -> None:
        ErrorLog.objects.create(service="django", error_type="TimeoutError", severity="critical")
        answer = api.get("/api/errors/summary/?service=django&hours=24").json()
        assert answer["error_types"] == [{"error_type": "TimeoutError", "count": 1}]
        keys = ("total_errors", "critical_errors", "high_errors", "unresolved_errors")
        assert [answer[key] for key in keys] == [1, 1, 0, 1]
