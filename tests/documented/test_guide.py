"""What the middleware guide (the fifth of the texts) shows works as it is typed there, with Django and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.access import tokens
from monitoring.alerts.in_code.thread import attendant as alerting
from monitoring.alerts.rules import thresholds
from monitoring.conf import get_config
from monitoring.errors.models import ErrorLog
from monitoring.recovery.in_code import attendant as recovering
from tests.pipeline import drain_all

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import json; from tests.remote import refusing; from tests.documented import guide; print(json.dumps({}))"
OPTIONS = {"enable_recovery": False, "enable_monitoring": True, "log_request_body": False, "log_headers": False}


@pytest.fixture
def forgotten() -> Iterator[None]:
    """What is registered here is forgotten afterwards."""
    systems, holders, before = list(alerting.systems), list(recovering._attendant.holders), thresholds.given()
    yield
    alerting.systems[:], recovering._attendant.holders[:] = systems, holders
    thresholds.replace(before)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("forgotten", "redis_client")
def test_it_works_in_a_django_project(settings: Any) -> None:
    from . import guide

    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    check(guide.run())
    drain_all()
    assert ErrorLog.objects.filter(error_type="DatabaseError").count() >= 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_client")
def test_it_works_in_a_service_without_django(live_server: Any, staff: Any, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    config = get_config()
    monitoring = {"REDIS_URL": config.redis_url, "STREAM_PREFIX": config.stream_prefix}
    environment = {
        "MONITORING": json.dumps(monitoring), "SERVICE": "videos", "ERROR_RECOVERY_TIMEOUT": "60000",
        "ENGINEL_URL": live_server.url, "ENGINEL_TOKEN": tokens.issue(staff, 1), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    known = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}
    command = [sys.executable, "-c", PROGRAM.format("guide.run()")]
    done = subprocess.run(command, env=known | environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])  # structlog prints as long as nothing is set up
    assert found["process"] != os.getpid()
    check(found)
    drain_all()
    assert ErrorLog.objects.filter(service="videos", error_type="DatabaseError").count() >= 2


def check(found: dict[str, Any]) -> None:
    """See that all of it came out as it is documented."""
    configured = found["configured"]
    assert configured["options"] == OPTIONS
    assert configured["thresholds"] == {"critical": 1, "high": 5, "medium": 20, "low": 100}
    assert configured["kind"] == "timeout_error"
    served = found["served"]
    for path in ("/metrics/errors", "/metrics/trends", "/metrics/insights", "/metrics/alerts", "/health"):
        assert served[path] == 200, (path, served)
    assert [served[f"POST {email}"][0] for email in ("", "bad", "broken", "jo")] == [422, 400, 500, 200]
    assert "Email cannot be empty" in served["POST "][1]
    assert "Connection refused" not in served["POST broken"][1]
    assert served["search"]["issues_found"] == len(served["search"]["issues"]) >= 1
    assert served["search"]["issues"][0]["type"] == "script"
    assert served["search"]["by_hand"] == ["XSS attempt detected"]
    assert found["read"].keys() == {"metrics", "trends", "insights", "stats"}
    assert found["read"]["stats"]["error_requests"] >= 1
    assert found["written"]["kept"]
    assert found["recovered"]["said"] == [
        "Recovery successful: database_reconnected",
        "Recovery successful, with a degraded service: using_read_replica",
    ]
    text, (attachment,) = found["alerted"]["text"], found["alerted"]["attachments"]
    assert text == "🚨 Critical error: database_error at /videos"
    assert [field["value"] for field in attachment["fields"]] == ["database_error", "/videos", "Unknown"]
