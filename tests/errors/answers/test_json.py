"""The one JSON error format, whatever went wrong on whatever layer."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.signals import got_request_exception
from django.test import AsyncClient, Client

from monitoring.errors.answers import members
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.protection.counting.models import ErrorTally

from .conftest import PAGE
from .urls import SECRET


def problem(response: Any) -> dict[str, Any]:
    """Return the body of an answer in the format, checked."""
    assert response["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert (found["type"], found["status"]) == ("about:blank", response.status_code)
    assert found["title"]
    assert list(found["error"]) == ["type", "message", "error_id", "severity"]
    assert found["error"]["message"] == found["detail"]
    assert SECRET not in response.content.decode()
    return found


UNHANDLED = {
    "broken": ("RuntimeError", "high", "Something went wrong on our side."),
    "value": ("ValueError", "medium", "Something went wrong on our side."),
    "database": ("DatabaseError", "critical", "There was trouble with the database."),
    "slow": ("TimeoutError", "high", "It took too long."),
    "unprintable": ("UnprintableError", "high", "Something went wrong on our side."),
}


@pytest.mark.parametrize("layer", ["plain", "later", "rest"])
@pytest.mark.parametrize("name", sorted(UNHANDLED))
def test_of_an_unhandled_exception_its_class_of_trouble_is_told(client: Client, layer: str, name: str) -> None:
    response = client.get(f"/{layer}/{name}/")
    found = problem(response)
    error_type, severity, said = UNHANDLED[name]
    assert (response.status_code, found["title"]) == (500, "Internal Server Error")
    assert (found["error"]["type"], found["error"]["severity"], found["detail"]) == (error_type, severity, said)
    assert uuid.UUID(found["error"]["error_id"])
    assert b"Traceback" not in response.content
    assert b"urls.py" not in response.content
    assert (response["Cache-Control"], "Accept" in response["Vary"]) == ("no-store", True)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("layer", ["plain", "later", "rest"])
def test_a_call_that_an_open_circuit_refused_is_answered_with_503_and_nobody_is_blamed(
    client: Client, layer: str
) -> None:
    response = client.get(f"/{layer}/refused/")
    found = problem(response)
    assert (response.status_code, response["Retry-After"]) == (503, "7")
    assert (found["error"]["type"], found["error"]["severity"]) == ("ServiceUnavailableError", "low")
    row = ErrorLog.objects.get()
    assert (row.status_code, row.severity, str(row.error_id)) == (503, "low", found["error"]["error_id"])
    assert not ErrorTally.objects.exists()
    client.get("/plain/broken/")
    assert ErrorTally.objects.exists()


@pytest.mark.parametrize("layer", ["plain", "later"])
@pytest.mark.parametrize(
    ("name", "status", "error_type", "detail"),
    [
        ("missing", 404, "Http404", "There is nothing at this address."),
        ("denied", 403, "PermissionDenied", "You may not do this."),
        ("bad", 400, "ValidationError", "The request cannot be understood."),
        ("suspicious", 400, "SuspiciousOperation", "The request cannot be understood."),
        ("sold-out", 500, "SoldOutError", "Something went wrong on our side."),
    ],
)
def test_what_django_answers_itself(
    client: Client, layer: str, name: str, status: int, error_type: str, detail: str
) -> None:
    found = problem(client.get(f"/{layer}/{name}/"))
    assert (found["status"], found["error"]["type"], found["detail"]) == (status, error_type, detail)


@pytest.mark.parametrize(
    ("name", "status", "error_type", "detail"),
    [
        ("not-found", 404, "NotFound", "Not found."),
        ("throttled", 429, "Throttled", "Request was throttled. Expected available in 9 seconds."),
        ("paper", 503, "OutOfPaper", "The printer is out of paper."),
        ("structured", 422, "Structured", "{'code': ErrorDetail(string='7', code='error')}"),
        ("bad", 400, "ValidationError", "The request cannot be understood."),
        ("suspicious", 400, "SuspiciousOperation", "The request cannot be understood."),
    ],
)
def test_what_rest_framework_answers(client: Client, name: str, status: int, error_type: str, detail: str) -> None:
    response = client.get(f"/rest/{name}/")
    found = problem(response)
    assert (found["status"], found["error"]["type"], found["detail"]) == (status, error_type, detail)
    assert response.get("Retry-After") == ("9" if name == "throttled" else None)


def test_field_errors_stand_beside_the_error(client: Client) -> None:
    found = problem(client.get("/rest/invalid/"))
    assert (found["errors"], found["error"]["type"]) == ({"size": ["Too large."]}, "ValidationError")


def test_an_address_that_does_not_exist(client: Client) -> None:
    found = problem(client.get("/nowhere/"))
    assert (found["status"], found["error"]["type"], found["error"]["severity"]) == (404, "404", "low")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("path", "host", "status", "name"),
    [
        ("/nowhere/", "testserver", 404, "404"),
        ("/plain/missing/", "testserver", 404, "Http404"),
        ("/rest/not-found/", "testserver", 404, "NotFound"),
        ("/form/", "evil.example", 400, "DisallowedHost"),
        ("/plain/suspicious/", "testserver", 400, "SuspiciousOperation"),
    ],
)
def test_it_is_one_group_of_one_name_whoever_asks(client: Client, path: str, host: str, status: int, name: str) -> None:
    found = problem(client.get(path, headers={"host": host}))
    client.get(path, headers={"host": host, "accept": PAGE})
    group = ErrorGroup.objects.get()
    assert (found["error"]["type"], group.error_type, group.count) == (name, name, 2)
    rows = ErrorLog.objects.values_list("error_type", "status_code", "severity", named=True)
    assert set(rows) == {(name, status, found["error"]["severity"])} == {(name, status, "low")}


@pytest.mark.usefixtures("eager")
def test_an_error_that_was_logged_before_is_as_bad_as_the_answer_says(client: Client) -> None:
    found = problem(client.get("/plain/logged/"))
    logged = ErrorLog.objects.get()
    assert (str(logged.error_id), logged.severity) == (found["error"]["error_id"], found["error"]["severity"])
    assert (logged.severity, logged.handled, ErrorGroup.objects.get().severity) == ("high", False, "high")


def test_a_host_that_is_none_of_ours(client: Client) -> None:
    found = problem(client.get("/form/", headers={"host": "evil.example"}))
    assert (found["status"], found["error"]["type"]) == (400, "DisallowedHost")


def test_under_asgi(asynchronous: AsyncClient) -> None:
    for layer in ("plain", "later", "rest"):
        response = async_to_sync(asynchronous.get)(f"/{layer}/database/")
        found = problem(response)
        assert (response.status_code, found["error"]["type"]) == (500, "DatabaseError")
        assert uuid.UUID(found["error"]["error_id"])


def test_a_head_request_has_the_headers_alone(client: Client) -> None:
    response = client.head("/plain/broken/")
    assert (response.status_code, response.content) == (500, b"")
    assert response["Content-Type"] == "application/problem+json"


def test_scripts_that_ask_for_anything_get_json(client: Client) -> None:
    headers = {"accept": "*/*", "x-requested-with": "XMLHttpRequest"}
    problem(client.get("/plain/broken/", headers=headers))


@pytest.mark.parametrize("layer", ["plain", "rest"])
def test_who_listens_to_django_hears_of_what_nobody_handled(client: Client, layer: str, settings: Any) -> None:
    heard: list[Any] = []

    def listen(**said: Any) -> None:
        heard.append(said["request"].path)

    got_request_exception.connect(listen)
    try:
        for debug in (False, True):
            settings.DEBUG = debug
            client.get(f"/{layer}/broken/")
    finally:
        got_request_exception.disconnect(listen)
    assert heard == [f"/{layer}/broken/"] * 2


def test_while_developing_api_clients_get_the_format_and_browsers_djangos_page(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    found = problem(client.get("/rest/database/"))
    assert (found["status"], found["error"]["type"]) == (500, "DatabaseError")
    assert SECRET in client.get("/rest/broken/", headers={"accept": PAGE}).content.decode()
    assert SECRET in client.get("/plain/broken/").content.decode()


def test_a_class_that_the_setting_gives_a_status_is_answered_with_it(client: Client, settings: Any) -> None:
    rows = {"tests.errors.answers.urls.SoldOutError": {"status": 409, "kind": "conflict"}}
    settings.MONITORING = {**settings.MONITORING, "ERROR_CLASSES": rows}
    found = problem(client.get("/rest/sold-out/"))
    assert (found["status"], found["error"]["type"], found["detail"]) == (409, "SoldOutError", "Conflict.")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("path", "error_type", "exception_type"),
    [
        ("/plain/broken/", "RuntimeError", "RuntimeError"),
        ("/rest/broken/", "RuntimeError", "RuntimeError"),
        ("/rest/paper/", "OutOfPaper", "tests.errors.answers.urls.OutOfPaper"),
        ("/rest/structured/", "Structured", "tests.errors.answers.urls.Structured"),
        ("/rest/not-found/", "NotFound", "rest_framework.exceptions.NotFound"),
        ("/rest/invalid/", "ValidationError", "rest_framework.exceptions.ValidationError"),
    ],
)
def test_the_id_leads_to_the_one_row_of_the_log(
    client: Client, path: str, error_type: str, exception_type: str
) -> None:
    found = problem(client.get(path))
    logged = ErrorLog.objects.get()
    assert str(logged.error_id) == found["error"]["error_id"]
    assert (logged.error_type, logged.exception_type, logged.status_code) == (
        error_type, exception_type, found["status"],
    )  # fmt: skip
    assert logged.severity == found["error"]["severity"]


@pytest.mark.parametrize(
    "setting", [{"EXCLUDE_STATUS_CODES": [500]}, {"EXCLUDE_PATHS": ["/plain/"]}, {"ENABLED": False}]
)
def test_no_id_is_shown_that_would_lead_nowhere(client: Client, settings: Any, setting: Any) -> None:
    settings.ERROR_TRACKING = setting
    assert problem(client.get("/plain/broken/"))["error"]["error_id"] is None


def test_what_cannot_be_told_of_an_error_does_not_stop_the_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(members, "classification", fail)
    for path, status in (("/plain/missing/", 404), ("/rest/not-found/", 404), ("/rest/paper/", 503)):
        found = problem(client.get(path))
        assert (found["status"], found["error"]["type"], found["error"]["error_id"]) == (status, str(status), None)


def test_rest_frameworks_csrf_refusal_is_known_as_one(browser: Client, db: None) -> None:
    from django.contrib.auth import get_user_model

    browser.force_login(get_user_model().objects.create_user("eve"))
    found = problem(browser.post("/rest/broken/"))
    assert (found["status"], found["error"]["type"], found["error"]["severity"]) == (403, "csrf", "medium")
