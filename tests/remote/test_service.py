"""What is documented works in a service without Django: what reads asks a real Enginel, and functions run there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from monitoring.access import tokens
from monitoring.alerts.in_code.models import CodeAlert
from monitoring.analysis import ErrorAnalysisEngine, ErrorMetricsCollector, ErrorPredictor
from monitoring.analysis.forecasts.learning import WINDOW
from monitoring.analysis.forecasts.models import Forecast
from monitoring.conf import get_config
from monitoring.errors import ErrorTracker
from monitoring.errors.models import ErrorLog
from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from tests.pipeline import drain_all

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "00000000-0000-4000-8000-000000000000"


def service(what: str, **environment: str) -> dict[str, Any]:
    """Return what a service without Django found."""
    config = get_config()
    monitoring = {"REDIS_URL": config.redis_url, "STREAM_PREFIX": config.stream_prefix}
    known = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "ENGINEL_"))}
    given = {"MONITORING": json.dumps(monitoring), "SERVICE": "shop", "PYTHONPATH": str(ROOT), **environment}
    given["ERROR_RECOVERY_TIMEOUT"] = "60000"  # other tests keep the cores busy
    command = [sys.executable, "-m", "tests.remote.service", what]
    done = subprocess.run(command, env=known | given, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def enginel(settings: Any, redis_client: Any, live_server: Any) -> dict[str, str]:
    """An Enginel that answers over HTTP, and how a service is told of it."""
    settings.MONITORING = {**settings.MONITORING, "EAGER": True, "SERVICE": "shop"}
    settings.ALLOWED_HOSTS = ["*"]
    admin = get_user_model().objects.create_superuser("admin", password=None)
    return {"ENGINEL_URL": live_server.url, "ENGINEL_TOKEN": tokens.issue(admin, 1)}


def test_all_that_is_documented_is_imported_and_starts_nothing() -> None:
    assert service("imported") == {"missing": [], "threads": 1}


def test_whoever_reads_without_being_told_where_is_told_what_is_missing() -> None:
    for says in service("refused").values():
        assert says.startswith("NotConfiguredError: ENGINEL_URL and ENGINEL_TOKEN must be set")


def test_functions_are_called_in_the_process_that_registered_them_and_on_no_thread_of_its_own(
    redis_client: Any, db: None
) -> None:
    found = service("calling")
    everyone = ("condition", "async condition", "async channel", "channel of the endpoints")
    everyone += ("strategy of events", "async strategy")
    assert found["called"] == dict.fromkeys(everyone, True)
    assert found["told"][:2] == [
        {"name": "critical", "message": "Critical: resource_error at /videos/", "alert_level": "critical"},
        {"name": "resources", "message": "full", "alert_level": "warning"},
    ]
    assert found["recovered"] == [[True, ["after_ConnectionError"]], [True, ["MemoryError"]]]
    assert found["handled"] == "ConnectionError: gone, too"
    assert found["threshold"] == 2
    drain_all()
    assert set(ErrorLog.objects.values_list("service", "error_type")) >= {("shop", "MemoryError")}
    alerted = set(CodeAlert.objects.filter(service="shop").values_list("rule", "level"))
    assert alerted == {("critical", "critical"), ("resources", "warning"), ("threshold_high", "error")}


@pytest.mark.django_db(transaction=True)
def test_what_reads_asks_enginel_and_finds_what_it_would_find_there(enginel: dict[str, str]) -> None:
    ErrorTracker.log_error(ValueError("no"), user_id=5, severity="ERROR", request_path="/videos/")
    PerformanceMonitor._record_duration("render", 0.25)
    MetricsCollector.record_gauge("waiting", 7)
    forecast()

    found = service("reading", **enginel)

    assert found["recent"] == json.loads(json.dumps(ErrorTracker.get_recent_errors(limit=5)))
    assert found["live"]["waiting"] == 7
    assert found["operation"] == PerformanceMonitor.get_operation_stats("render")
    assert found["unknown_operation"] == PerformanceMonitor.get_operation_stats("nothing")
    collector = ErrorMetricsCollector(retention_hours=24)
    for name in ("metrics", "on_a_loop", "endpoint_metrics"):
        assert found[name] == collector.get_metrics()
    for name in ("trends", "endpoint_trends"):
        assert found[name]["total_errors"] == 1
        assert found[name].keys() == collector.get_error_trends(1).keys()
    for name in ("insights", "endpoint_insights"):
        assert found[name]["most_common_errors"][0]["error_type"] == "ValueError"
        assert found[name].keys() == ErrorAnalysisEngine().get_error_insights().keys()
    assert found["alerts"] == {
        "hours": 24, "total_alerts": 0, "alerts": [],
        "alerts_by_level": {"critical": 0, "error": 0, "warning": 0, "info": 0},
    }  # fmt: skip
    assert found["health"]["checks"]["redis"]["status"] == found["redis"]["status"]
    here = [vars(one) for one in ErrorPredictor().predict_errors()]
    assert found["predictions"] == json.loads(json.dumps(here, default=str))
    assert len(here) == 1


@pytest.mark.django_db(transaction=True)
def test_recovery_of_what_enginel_does_not_know_is_refused(enginel: dict[str, str]) -> None:
    found = service("recovering", **enginel)
    assert (found["manual"]["success"], found["manual"]["error_id"]) == (False, NOWHERE)
    assert found["manual"]["recovery"]["message"] == "There is no error of this id."
    assert "No such error is in the log" in found["preventive"]["recovery"]["message"]


def forecast() -> None:
    """Forecast something of the window that runs."""
    skill = {"probability": 0.7, "base": 0.08, "squares": 0.04, "base_squares": 0.07, "useful": True}
    Forecast.objects.create(
        name_id=1,
        of="task",
        service="shop",
        name="render",
        window=int(time.time()) // 60 // WINDOW * WINDOW,
        situation="no errors in the last hour",
        windows=120,
        memory={},
        **skill,
    )
