"""What nobody handled is answered in the JSON error format, and no message of ours leaves with a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from starlette.responses import PlainTextResponse

from monitoring.recording.asgi import (
    DatabaseError,
    EnginelMiddleware,
    ErrorHandlingMiddleware,
    ValidationError,
)
from monitoring.recording.events import Error, Request
from monitoring.recording.raised.describe import as_uuid
from monitoring.recording.resilience.circuits import CircuitOpenError
from tests.recording.asgi.conftest import ask
from tests.recording.recorded import Recorded

PROBLEM = "application/problem+json"
SECRET = "password=hunter2 at db-17"


def raising(error: Exception, **options: Any) -> FastAPI:
    app = FastAPI(**options)

    @app.get("/")
    async def endpoint() -> None:
        raise error

    app.add_middleware(EnginelMiddleware)
    return app


def test_an_unhandled_exception_is_a_problem_with_the_id_under_which_it_is_logged(recorded: Recorded) -> None:
    answer = ask(raising(RuntimeError(SECRET)), "GET", "/")
    (error,) = recorded.of(Error)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "Something went wrong on our side.",
        "error": {
            "type": "RuntimeError",
            "message": "Something went wrong on our side.",
            "error_id": as_uuid(error.error_id),
            "severity": "high",
        },
    }


def test_a_database_error_says_what_kind_of_trouble_there_is_and_nothing_else(recorded: Recorded) -> None:
    answer = ask(raising(DatabaseError(SECRET, details={"dsn": SECRET})), "GET", "/")
    body = answer.json()
    assert answer.status_code == 500
    assert body["detail"] == "There was trouble with the database."
    assert body["error"]["type"] == "DatabaseError"
    assert body["code"] == "database_error"
    assert SECRET not in answer.text


def test_a_validation_error_tells_the_client_what_is_wrong_with_which_field(recorded: Recorded) -> None:
    details = [{"field": "email", "message": "Email cannot be empty"}]
    answer = ask(raising(ValidationError(message="Email is required", details=details)), "GET", "/")
    body = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert body["detail"] == "Email is required"
    assert body["details"] == details
    assert body["errors"] == {"email": ["Email cannot be empty"]}
    assert body["code"] == "validation_error"
    assert body["error"]["type"] == "ValidationError"
    assert [event.status for event in recorded.of(Request)] == [422]


def test_a_page_is_for_those_who_ask_for_one(recorded: Recorded) -> None:
    answer = ask(raising(RuntimeError(SECRET)), "GET", "/", headers={"accept": "text/html,*/*"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert as_uuid(recorded.of(Error)[0].error_id) in answer.text
    assert SECRET not in answer.text


def test_an_open_circuit_says_when_to_come_again(recorded: Recorded) -> None:
    answer = ask(raising(CircuitOpenError("billing", 7.2)), "GET", "/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "8")


def test_what_a_project_says_of_its_classes_holds(recorded: Recorded, settings: Any) -> None:
    class SoldOutError(Exception):
        pass

    name = f"{SoldOutError.__module__}.{SoldOutError.__qualname__}"
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": {name: {"status": 409}}}
    assert ask(raising(SoldOutError(SECRET)), "GET", "/").status_code == 409


def test_answers_of_the_application_are_its_own(recorded: Recorded) -> None:
    assert ask(raising(HTTPException(418, "short and stout")), "GET", "/").json() == {"detail": "short and stout"}
    app = raising(RuntimeError(SECRET))
    app.add_exception_handler(Exception, lambda request, error: PlainTextResponse("our page", status_code=500))
    assert ask(app, "GET", "/").text == "our page"
    assert "Traceback" in ask(raising(RuntimeError("seen"), debug=True), "GET", "/").text
    assert [event.status for event in recorded.of(Request)] == [418, 500, 500]
    assert len(recorded.of(Error)) == 3


def test_without_the_part_that_answers_exceptions_pass(recorded: Recorded) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> None:
        raise RuntimeError(SECRET)

    app.add_middleware(EnginelMiddleware, answers=False)
    assert ask(app, "GET", "/").text == "Internal Server Error"
    assert len(recorded.of(Error)) == 1


def test_errors_can_be_answered_and_not_recorded(recorded: Recorded) -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> None:
        raise RuntimeError(SECRET)

    app.add_middleware(ErrorHandlingMiddleware, enable_monitoring=False)
    body = ask(app, "GET", "/").json()
    assert body["error"]["error_id"] is None
    assert recorded.of(Error) == []


@pytest.mark.parametrize("method", ["HEAD"])
def test_nobody_gets_a_body_who_asked_for_none(recorded: Recorded, method: str) -> None:
    app = FastAPI()

    @app.head("/")
    async def endpoint() -> None:
        raise RuntimeError

    app.add_middleware(EnginelMiddleware)
    answer = ask(app, method, "/")
    assert (answer.status_code, answer.content) == (500, b"")
