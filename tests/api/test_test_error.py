"""`/api/test-error/` raises for real."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from monitoring.access import tokens
from monitoring.errors.models import ErrorLog
from monitoring.errors.provoke import ERROR_TYPES

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/test-error/"
DOCUMENTED = {
    "DatabaseError", "TimeoutError", "MemoryError", "ConnectionError", "ValidationError", "AuthenticationError",
    "APIError", "ServiceUnavailableError",
}  # fmt: skip


@pytest.fixture
def api(admin: Any) -> Client:
    """A client of an administrator who gets an answer, as over a real connection, where the view raises."""
    token = tokens.issue(admin, 1)
    return Client(headers={"authorization": f"Bearer {token}"}, raise_request_exception=False)


@pytest.fixture
def stranger(db: None) -> Client:
    return Client(raise_request_exception=False)


def provoke(client: Client, body: Any) -> Any:
    return client.post(URL, body, content_type="application/json")


def test_all_documented_types_are_known() -> None:
    assert set(ERROR_TYPES) == DOCUMENTED


@pytest.mark.parametrize("error_type", sorted(DOCUMENTED))
def test_the_error_is_logged_and_the_request_counts_as_one(api: Client, error_type: str) -> None:
    response = provoke(api, {"error_type": error_type})
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    logged = ErrorLog.objects.get()
    shown = response.json()["error"]
    assert (shown["type"], shown["error_id"], shown["severity"]) == (
        error_type, str(logged.error_id), logged.severity,
    )  # fmt: skip
    assert "on purpose" not in response.content.decode()
    assert logged.error_type.rpartition(".")[2] == error_type
    assert logged.name == "POST api/test-error/"
    assert re.search(r"on purpose", logged.message)
    assert logged.chain[0]["frames"]
    counted = api.get("/api/monitoring/performance/?kind=request").json()["requests"]["POST api/test-error/"]
    assert (counted["count"], counted["error_count"]) == (1, 1)


@pytest.mark.parametrize("body", ["", "{}"])
def test_without_a_type_it_is_a_database_error(api: Client, body: str) -> None:
    assert provoke(api, body).status_code == 500
    assert ErrorLog.objects.get().error_type.rpartition(".")[2] == "DatabaseError"


def test_a_body_is_not_needed_at_all(api: Client) -> None:
    assert api.generic("POST", URL).status_code == 500
    assert ErrorLog.objects.get().error_type.rpartition(".")[2] == "DatabaseError"


@pytest.mark.parametrize("value", ["SystemExit", "", None, 7, ["DatabaseError"]])
def test_another_type_is_refused_with_the_field_named(api: Client, value: Any) -> None:
    response = provoke(api, {"error_type": value})
    assert (response.status_code, list(response.json()["errors"])) == (400, ["error_type"])
    assert [logged.error_type for logged in ErrorLog.objects.all()] == ["ValidationError"]


@pytest.mark.parametrize("body", ["[]", '"DatabaseError"', "{"])
def test_what_is_no_object_is_refused(api: Client, body: str) -> None:
    assert provoke(api, body).status_code == 400


def test_it_is_an_error_of_the_service_that_the_client_names(api: Client) -> None:
    response = api.generic("POST", URL, headers={"x-service": "django"})
    logged = ErrorLog.objects.get()
    assert (logged.service, str(logged.error_id)) == ("django", response.json()["error"]["error_id"])
    assert logged.group is not None
    assert logged.group.service == "django"


@pytest.mark.parametrize("name", ["", "a b", "x" * 51, "<script>", "caf\u00e9"])
def test_a_name_that_no_service_has_is_left_away(api: Client, name: str) -> None:
    assert api.generic("POST", URL, headers={"x-service": name}).status_code == 500
    assert ErrorLog.objects.get().service == "enginel"


def test_strangers_are_refused(stranger: Client) -> None:
    assert provoke(stranger, {}).status_code == 401
    assert [logged.error_type for logged in ErrorLog.objects.all()] == ["NotAuthenticated"]


@pytest.mark.parametrize("name", ["DEBUG", "ENABLE_TEST_ERROR"])
def test_strangers_may_where_the_project_is_tried_out(stranger: Client, settings: Any, name: str) -> None:
    setattr(settings, name, True)
    response = provoke(stranger, {})
    assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
    assert str(ErrorLog.objects.get().error_id) == response.json()["error"]["error_id"]


def test_reading_raises_nothing(api: Client) -> None:
    assert api.get(URL).status_code == 405
