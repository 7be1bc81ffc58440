"""What is documented of error recovery (the fourth of the texts, and parts of the fifth) works as it is typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import include, path

import enginel.urls
from monitoring.analysis import ErrorPredictor
from monitoring.errors.classification import ErrorType
from monitoring.errors.models import ErrorLog
from monitoring.recording.recorder import recorder
from monitoring.recovery import (
    AutoRecoveryExecutor,
    ErrorRecovery,
    ErrorRecoveryContextManager,
    ErrorRecoveryStrategies,
    RecoveryStrategy,
    ai_error_handler,
    trigger_manual_recovery,
    trigger_preventive_recovery,
)
from monitoring.recovery.in_code import attendant, names
from monitoring.recovery.strategies import registry

STRATEGIES: dict[str, tuple[float, dict[str, Any]]] = {
    "retry": (0.75, {"max_retries": 3, "retry_delay_ms": 1000, "exponential_backoff": True}),
    "timeout_increase": (0.65, {"current_timeout_ms": 5000, "new_timeout_ms": 15000, "increment_percent": 200}),
    "cache_clear": (0.80, {"cache_type": "redis", "clear_pattern": "*", "graceful": True}),
    "pool_increase": (
        0.85,
        {"resource": "db_connection_pool", "current_size": 10, "new_size": 25, "increment_percent": 150},
    ),
    "resource_scale": (0.80, {"resource_type": "cpu", "scale_factor": 1.5, "auto_scale": True}),
    "circuit_break": (0.90, {"failure_threshold": 5, "timeout_seconds": 60, "half_open_requests": 1}),
    "fallback": (0.95, {"fallback_service": "laravel", "fallback_mode": "degraded"}),
    "queue_priority": (0.70, {"current_priority": "normal", "new_priority": "high", "boost_factor": 2}),
    "request_throttle": (0.65, {"requests_per_minute": 100, "burst_size": 10}),
    "service_restart": (0.88, {"graceful": True, "timeout_seconds": 30, "health_check": True}),
}


def db_operation(_data: Any) -> None:
    raise DatabaseError("Connection timeout")


def risky_view(request: HttpRequest) -> JsonResponse:
    results = ErrorLog.objects.filter(severity="critical")
    db_operation(request)
    return JsonResponse({"data": list(results)})


@ai_error_handler
def critical_api_view(request: HttpRequest) -> JsonResponse:
    return risky_view(request)


def process_data(data: Any) -> str:
    with ErrorRecoveryContextManager(service="django"):
        db_operation(data)
    return "success_result"


urlpatterns = [
    path("api/bad-endpoint/", risky_view),
    path("api/critical/", critical_api_view),
    path("", include("enginel.urls")),
]
handler404, handler500 = enginel.urls.handler404, enginel.urls.handler500


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What is registered here is forgotten afterwards."""
    holders, declared = list(attendant._attendant.holders), list(names._declared)
    yield
    attendant._attendant.holders[:] = holders
    for name in set(names._declared) - set(declared):
        names._declared.remove(name)
        registry.STRATEGIES.pop(name, None)


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_has_its_documented_parameters_and_success_rate(name: str) -> None:
    strategy = registry.get(name)
    assert strategy is not None
    assert (strategy.success_rate, dict(strategy.defaults)) == STRATEGIES[name]
    assert strategy.label == name.replace("_", " ").title()


def test_the_strategies_are_in_their_documented_order() -> None:
    assert [name for name in registry.STRATEGIES if name in STRATEGIES] == list(STRATEGIES)


@pytest.mark.usefixtures("eager", "forgotten")
class TestRecovery:
    @pytest.fixture(autouse=True)
    def project(self, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, "monitoring.recovery.AIErrorRecoveryMiddleware"]

    def test_error_recovery(self, client: Client) -> None:
        response = client.get("/api/bad-endpoint/")
        assert response.status_code == 500
        data = response.json()
        error = ErrorLog.objects.get(error_id=data["error"]["error_id"])
        assert error is not None
        assert data["recovery"]["attempted"]

    def test_answers_have_the_documented_members(self, client: Client) -> None:
        told = client.get("/api/bad-endpoint/").json()
        assert told["error"].keys() == {"type", "message", "error_id", "severity"}
        assert (told["error"]["type"], told["error"]["severity"]) == ("DatabaseError", "critical")
        assert {"attempted", "success", "message", "actions"} <= told["recovery"].keys()

    def test_a_decorated_view_is_recovered(self, client: Client) -> None:
        answer = client.post("/api/critical/")
        assert (answer.status_code, answer.json()["recovery"]["attempted"]) == (500, True)

    def test_a_block_of_code_is_recovered_or_raises(self) -> None:
        with pytest.raises(DatabaseError):
            process_data(7)  # nobody recovers it here

    def test_recovery_is_triggered_by_hand(self, api: Client) -> None:
        row = ErrorLog.objects.create(service="django", error_type="DatabaseError", severity="critical", message="gone")
        result = trigger_manual_recovery(str(row.error_id))
        assert result.keys() == {"success", "error_id", "recovery"}
        body = json.dumps({"error_id": str(row.error_id)})
        answer = api.post("/api/errors/recovery/trigger/", body, content_type="application/json")
        assert answer.status_code in {200, 202}
        assert answer.json().keys() == {"success", "error_id", "recovery"}
        assert trigger_manual_recovery("error-uuid-here")["success"] is False

    def test_strategies_can_be_added(self) -> None:
        class CustomStrategy(RecoveryStrategy):
            CUSTOM = "custom_strategy"

        class CustomExecutor(AutoRecoveryExecutor):
            def _execute_custom_strategy(self, action: Any) -> dict[str, Any]:
                return {"success": True, "message": "Custom recovery"}

        found = registry.get(CustomStrategy.CUSTOM)
        assert found is not None
        assert found.plan(SimpleNamespace(), SimpleNamespace()).target == "code:custom_strategy"  # type: ignore[arg-type]
        assert CustomExecutor is not None

    def test_what_is_predicted_is_recovered_before_it_occurs(self) -> None:
        predictor = ErrorPredictor(ErrorLog.objects.all())
        predictions = [
            *predictor.predict_errors({"service": "django"}),
            SimpleNamespace(error_probability=0.9, service="django", name="GET api/bad-endpoint/", error_id=""),
        ]
        for prediction in predictions:
            if prediction.error_probability > 0.8:
                assert "recovery" in trigger_preventive_recovery(prediction)

    def test_functions_recover_by_the_kind_of_error(self, client: Client) -> None:
        reconnected = []
        recovery, recovery_strategies = ErrorRecovery(), ErrorRecoveryStrategies()

        async def database_recovery_strategy(exception: Any, context: Any) -> dict[str, str]:
            try:
                reconnected.append((type(exception).__name__, context["path"]))
            except Exception:
                return {"status": "degraded", "action": "using_cached_data"}
            return {"status": "recovered", "action": "database_reconnected"}

        async def custom_timeout_recovery(error_event: Any) -> dict[str, str]:
            reconnected.append((error_event.error_type, error_event.endpoint))
            return {"status": "degraded", "action": "using_read_replica"}

        recovery.recovery_strategies[ErrorType.DATABASE_ERROR] = database_recovery_strategy
        recovery_strategies.recovery_strategies[ErrorType.DATABASE_ERROR] = custom_timeout_recovery

        told = client.get("/api/bad-endpoint/").json()["recovery"]
        assert reconnected == [("DatabaseError", "/api/bad-endpoint/")]
        assert (told["success"], told["actions"]) == (True, [{"strategy": "database_reconnected", "success": True}])

        recorder.flush()
        row = ErrorLog.objects.latest("id")
        assert row.context.get("recovery_attempted")
        assert row.context.get("recovery_success")
