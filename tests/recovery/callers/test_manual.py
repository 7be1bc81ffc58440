"""Recovery that is asked for by the id of an error, in code and over HTTP, and before an error occurs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens
from monitoring.errors.models import ErrorLog
from monitoring.recovery import trigger_manual_recovery, trigger_preventive_recovery
from monitoring.recovery.models import Recovery

from .conftest import FAILED, SUCCEEDED

pytestmark = pytest.mark.django_db
ADDRESS = "/api/errors/recovery/trigger/"
NOBODY = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    settings.ERROR_RECOVERY_TIMEOUT = 30_000


@pytest.fixture
def error() -> ErrorLog:
    return ErrorLog.objects.create(
        service="shop", name="POST buy/", error_type="DatabaseError", severity="critical", message="gone", kept="new"
    )


@pytest.fixture
def api() -> Client:
    staff = get_user_model().objects.create_superuser("admin", password=None)
    headers = {"authorization": f"Bearer {tokens.issue(staff, 1)}"}
    return Client(headers=headers, raise_request_exception=False)


def post(client: Client, **body: Any) -> Any:
    return client.post(ADDRESS, body, content_type="application/json")


def test_the_answer_has_the_documented_form(recovering: Callable[..., Any], error: ErrorLog) -> None:
    with recovering(SUCCEEDED) as recoverer:
        found = trigger_manual_recovery(str(error.error_id))
    assert found == {"success": True, "error_id": str(error.error_id), "recovery": SUCCEEDED}
    assert [one["trigger"] for one in recoverer.asked] == ["manual"]


@pytest.mark.parametrize("unknown", [NOBODY, "error-uuid-here", "", uuid.uuid4()])
def test_an_error_that_is_not_there_is_not_recovered(unknown: Any) -> None:
    found = trigger_manual_recovery(unknown)
    assert (found["success"], found["error_id"], found["recovery"]["attempted"]) == (False, str(unknown), False)
    assert found["recovery"]["message"] == "There is no error of this id."


@pytest.mark.usefixtures("eager")
def test_where_it_is_off_nothing_is_asked_for(settings: Any, error: ErrorLog) -> None:
    settings.MONITORING = {**settings.MONITORING, "RECOVERY": "off"}
    assert trigger_manual_recovery(error.error_id)["recovery"]["message"] == "Recovery is switched off."
    assert not Recovery.objects.exists()


@pytest.mark.parametrize(("outcome", "success"), [(SUCCEEDED, True), (FAILED, False)])
def test_over_http_it_is_200_once_it_is_known(
    api: Client, recovering: Callable[..., Any], error: ErrorLog, outcome: dict[str, Any], success: bool
) -> None:
    with recovering(outcome):
        answer = post(api, error_id=str(error.error_id))
    assert (answer.status_code, answer.json()["success"]) == (200, success)
    assert answer.json() == {"success": success, "error_id": str(error.error_id), "recovery": outcome}


@pytest.mark.usefixtures("eager")
def test_over_http_it_is_202_while_it_is_queued(api: Client, error: ErrorLog) -> None:
    answer = post(api, error_id=str(error.error_id))
    assert (answer.status_code, answer.json()["success"]) == (202, None)
    asked = Recovery.objects.get()
    assert (asked.error_id, asked.trigger) == (error.error_id, "manual")


def test_over_http_an_unknown_error_is_404_and_no_id_is_400(api: Client) -> None:
    assert post(api, error_id=NOBODY).status_code == 404
    answer = post(api, error_id="error-uuid-here")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["error_id"])
    assert post(api).status_code == 400


def test_over_http_it_is_for_admins_alone(client: Client, error: ErrorLog) -> None:
    assert post(client, error_id=str(error.error_id)).status_code == 401
    user = get_user_model().objects.create_user("user", password=None)
    other = Client(headers={"authorization": f"Bearer {tokens.issue(user, 1)}"})
    assert post(other, error_id=str(error.error_id)).status_code == 403


@pytest.mark.parametrize("given", ["error_id", "name"])
def test_what_is_predicted_is_prevented_by_what_would_recover_its_latest_error(
    recovering: Callable[..., Any], error: ErrorLog, given: str
) -> None:
    ErrorLog.objects.create(service="shop", name="GET parts/", error_type="DatabaseError")
    known = str(error.error_id) if given == "error_id" else ""
    prediction = SimpleNamespace(error_probability=0.9, service="shop", name="POST buy/", error_id=known)
    with recovering(SUCCEEDED) as recoverer:
        found = trigger_preventive_recovery(prediction)
    assert (found["success"], found["error_id"]) == (True, str(error.error_id))
    assert [one["trigger"] for one in recoverer.asked] == ["preventive"]


def test_what_never_occurred_cannot_be_prevented() -> None:
    prediction = SimpleNamespace(error_probability=0.9, service="shop", name="POST buy/", error_id="")
    found = trigger_preventive_recovery(prediction)
    assert (found["error_id"], found["recovery"]["attempted"]) == (None, False)


@pytest.mark.parametrize("error_type", ["DatabaseError", "TimeoutError", "ValidationError"])
def test_an_error_on_purpose_is_answered_with_its_recovery(
    api: Client, recovering: Callable[..., Any], error_type: str
) -> None:
    with recovering(SUCCEEDED):
        answer = api.post("/api/test-error/", {"error_type": error_type}, content_type="application/json")
    told = answer.json()
    assert (answer.status_code, told["error"]["type"], told["recovery"]) == (500, error_type, SUCCEEDED)
    assert told["error"]["error_id"]


@pytest.mark.usefixtures("eager")
def test_an_error_on_purpose_is_one_error(api: Client) -> None:
    told = api.generic("POST", "/api/test-error/", headers={"x-service": "django"}).json()
    row = ErrorLog.objects.get()
    assert (str(row.error_id), row.service, row.status_code) == (told["error"]["error_id"], "django", 500)
    assert (row.handled, Recovery.objects.get().error_id) == (False, row.error_id)
