"""`ErrorTracker` writes into the log, and reads the live view of it."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import datetime
from typing import Any

import pytest
from django.test import RequestFactory

import designs.monitoring
import monitoring.errors
from monitoring.errors import ErrorTracker
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.recording.context import Context, current
from tests.errors.log.rows import full, store

pytestmark = pytest.mark.usefixtures("eager")


def raised(message: str = "Failed to parse STEP file") -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_an_error_is_logged_with_what_is_said_of_it() -> None:
    design = uuid.uuid4()
    ErrorTracker.log_error(
        error=raised(),
        context={"design_id": design, "step": "geometry_extraction"},
        user_id=5,
        request_path="/api/designs/upload/",
        severity="CRITICAL",
    )
    (found,) = ErrorTracker.get_recent_errors(limit=50)
    assert (found["error_type"], found["error_message"]) == ("ValueError", "Failed to parse STEP file")
    assert (found["severity"], found["user_id"], found["request_path"]) == ("CRITICAL", 5, "/api/designs/upload/")
    assert (found["context"]["design_id"], found["context"]["step"]) == (str(design), "geometry_extraction")
    assert found["traceback"].startswith("Traceback (most recent call last):")
    assert found["traceback"].endswith("ValueError: Failed to parse STEP file")
    assert datetime.fromisoformat(found["timestamp"]).tzinfo is not None


def test_its_id_is_the_one_that_it_is_found_by() -> None:
    error_id = ErrorTracker.log_error(raised())
    assert ErrorTracker.get_recent_errors()[0]["error_id"] == error_id
    assert ErrorLog.objects.get(error_id=error_id).handled


def test_nothing_but_the_error_is_needed() -> None:
    ErrorTracker.log_error(raised())
    (found,) = ErrorTracker.get_recent_errors()
    assert (found["severity"], found["user_id"], found["request_path"]) == ("WARNING", None, None)


@pytest.mark.parametrize(("given", "shown"), [("ERROR", "ERROR"), ("warning", "WARNING"), ("low", "INFO")])
def test_a_severity_may_be_a_level(given: str, shown: str) -> None:
    ErrorTracker.log_error(raised(), severity=given)
    assert ErrorTracker.get_recent_errors()[0]["severity"] == shown


def test_a_context_may_hold_anything_but_secrets() -> None:
    class Organisation:
        pass

    ErrorTracker.log_error(raised(), context={"organization": Organisation(), 5: {1, 2}, "password": "hunter2"})
    context = ErrorTracker.get_recent_errors()[0]["context"]
    assert "Organisation" in context["organization"]
    assert context["5"] == [1, 2]
    assert "hunter2" not in str(context)


def test_logged_twice_is_one_error_that_knows_more() -> None:
    error = raised()
    assert ErrorTracker.log_error(error, context={"a": 1}) == ErrorTracker.log_error(error, context={"b": 2})
    (found,) = ErrorTracker.get_recent_errors()
    assert (found["context"]["a"], found["context"]["b"]) == (1, 2)


def test_within_a_request_it_is_tied_to_it() -> None:
    request: Any = RequestFactory().get("/api/designs/7/")
    token = current.set(Context("", request))
    try:
        ErrorTracker.log_error(raised())
    finally:
        current.reset(token)
    assert ErrorTracker.get_recent_errors()[0]["request_path"] == "/api/designs/7/"


def test_the_live_view_is_the_last_hour_and_a_hundred_at_most() -> None:
    store(*(full(ago=30 * 60) for _ in range(120)), full(ago=61 * 60))
    assert len(ErrorTracker.get_recent_errors(limit=500)) == 100
    assert len(ErrorTracker.get_recent_errors()) == 50
    assert ErrorTracker.get_recent_errors(limit=-1) == []


def test_errors_of_one_place_are_one_group() -> None:
    for number in range(3):
        ErrorTracker.log_error(raised(f"item {number}"))
    assert ErrorGroup.objects.get().count == 3


def test_it_is_the_same_at_its_documented_address() -> None:
    assert designs.monitoring.ErrorTracker is monitoring.errors.ErrorTracker


def test_workers_that_log_errors_need_neither_numpy_nor_models() -> None:
    code = (
        "import sys; from monitoring.errors import ErrorTracker, ErrorCaptureService;"
        "print(sorted({'numpy', 'django.db.models', 'rest_framework'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
