"""Which errors of requests are recorded, with what, and that each is once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import path
from django.utils.functional import SimpleLazyObject
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from monitoring.access.tokens import issue
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording import errors
from monitoring.recording.context import Context
from monitoring.recording.recorder import recorder

pytestmark = [pytest.mark.urls(__name__), pytest.mark.usefixtures("eager")]
logger = logging.getLogger("shop.orders")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("it broke")


async def async_broken(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    raise RuntimeError("it broke")


def missing(request: HttpRequest, **_: Any) -> HttpResponse:
    raise Http404("no such order")


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def conflict(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken", status=409)


async def async_conflict(request: HttpRequest) -> HttpResponse:
    return HttpResponse("taken", status=409)


def reported(request: HttpRequest) -> HttpResponse:
    try:
        raise RuntimeError("it broke")
    except RuntimeError as error:
        errors.report(error, context={"design": 7, "organization": object()}, severity="CRITICAL")
        raise


def logged(request: HttpRequest) -> HttpResponse:
    try:
        raise RuntimeError("it broke")
    except RuntimeError:
        logger.exception("order %s went wrong", 12)
        raise


def handled(request: HttpRequest) -> HttpResponse:
    try:
        raise RuntimeError("it broke")
    except RuntimeError as error:
        errors.report(error, user_id=9, path="/elsewhere/")
    return HttpResponse("never mind")


def talkative(request: HttpRequest) -> HttpResponse:
    logger.info("order %s is next", 12)
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["a secret parameter"])
    raise RuntimeError("it broke")


def answered_by_hand(request: HttpRequest) -> HttpResponse:
    try:
        raise KeyError("bolts")
    except KeyError:
        logger.exception("order went wrong")
    return HttpResponse("sorry", status=int(request.GET["status"]))


class Gone(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get(self, request: Request) -> HttpResponse:
        raise NotFound("gone")


class Signed(APIView):
    """Authenticated by REST framework, as clients with tokens are."""

    permission_classes: list[Any] = []

    def get(self, request: Request) -> HttpResponse:
        raise RuntimeError("it broke")


handler404 = "monitoring.errors.answers.views.page_not_found"
urlpatterns = [
    path("broken/", broken),
    path("async-broken/", async_broken),
    path("missing/<int:pk>/", missing),
    path("forbidden/", forbidden),
    path("conflict/", conflict),
    path("async-conflict/", async_conflict),
    path("reported/", reported),
    path("logged/", logged),
    path("handled/", handled),
    path("talkative/", talkative),
    path("by-hand/", answered_by_hand),
    path("gone/", Gone.as_view()),
    path("signed/", Signed.as_view()),
]


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_an_exception_is_logged_with_what_is_needed_to_mend_it(client: Client) -> None:
    client.get("/broken/?page=2&token=hunter2", headers={"user-agent": "curl/8"}, REMOTE_ADDR="198.51.100.7")
    error = ErrorLog.objects.get()
    assert (error.error_type, error.exception_type, error.message) == ("RuntimeError", "RuntimeError", "it broke")
    assert (error.status_code, error.method, error.url_pattern) == (500, "GET", "broken/")
    assert (error.ip_address, error.user_agent) == ("198.51.100.7", "curl/8")
    assert error.full_url.endswith("/broken/?page=2&token=[filtered]")
    assert 'raise RuntimeError("it broke")' in error.traceback
    assert error.chain[0]["source"]
    assert (error.handled, error.kept, error.severity) == (False, "new", "high")
    group = ErrorGroup.objects.get()
    assert (group.count, group.title, group.culprit) == (1, "RuntimeError: it broke", f"{__name__}.broken")


def test_what_django_answers_an_exception_of_a_view_for_is_logged_with_its_status(client: Client) -> None:
    assert client.get("/missing/5/").status_code == 404
    assert client.get("/forbidden/").status_code == 403
    rows = ErrorLog.objects.order_by("id").values_list("error_type", "status_code", "name")
    assert list(rows) == [("Http404", 404, "GET missing/<int:pk>/"), ("PermissionDenied", 403, "GET forbidden/")]


def test_a_response_without_an_exception_is_known_by_the_documented_fingerprint(client: Client) -> None:
    client.get("/conflict/")
    error = ErrorLog.objects.get()
    assert (error.error_type, error.status_code, error.chain) == ("409", 409, [])
    assert error.fingerprint == hashlib.sha256(b"409:409:conflict/").hexdigest()[:16]
    assert ErrorGroup.objects.get().title == "409 Conflict: GET conflict/"


def test_a_scanner_makes_one_group(client: Client) -> None:
    for number in range(30):
        client.get(f"/wp-admin/{number}.php")
    assert ErrorLog.objects.count() == 30
    group = ErrorGroup.objects.get()
    assert (group.count, group.name) == (30, "GET <unmatched>")


def test_an_error_that_is_reported_and_goes_on_is_one_event_that_knows_both(client: Client) -> None:
    client.get("/reported/")
    error = ErrorLog.objects.get()
    assert (error.status_code, error.severity, error.handled) == (500, "critical", False)
    assert (error.context["design"], error.context["organization"]) == (7, "<object>")
    assert ErrorGroup.objects.get().count == 1


def test_an_error_that_is_logged_and_goes_on_is_one_event_that_knows_the_line(client: Client) -> None:
    client.get("/logged/")
    error = ErrorLog.objects.get()
    assert (error.error_type, error.context["log"]) == ("RuntimeError", "order 12 went wrong")


def test_an_error_that_is_reported_alone_is_handled(client: Client) -> None:
    assert client.get("/handled/").status_code == 200
    error = ErrorLog.objects.get()
    assert (error.handled, error.status_code, error.user_key) == (True, 0, "9")
    assert error.context["path"] == "/elsewhere/"


def test_breadcrumbs_tell_what_was_logged_and_asked_without_parameters(client: Client) -> None:
    client.get("/talkative/")
    crumbs = [(level, text) for _, level, _, text in ErrorLog.objects.get().crumbs]
    assert ("INFO", "order 12 is next") in crumbs
    assert ("query", "SELECT %s") in crumbs
    assert "secret" not in str(crumbs)


def test_what_rest_framework_answers_is_logged_by_its_class(client: Client) -> None:
    assert client.get("/gone/").status_code == 404
    error = ErrorLog.objects.get()
    assert (error.error_type, error.status_code) == ("NotFound", 404)


@pytest.mark.parametrize(
    "tracking", [{"ENABLED": False}, {"EXCLUDE_PATHS": ["/conf"]}, {"EXCLUDE_STATUS_CODES": [409]}]
)
def test_what_is_excluded_is_not_logged(client: Client, settings: Any, tracking: dict[str, Any]) -> None:
    settings.ERROR_TRACKING = tracking
    client.get("/conflict/")
    assert not ErrorLog.objects.exists()


def test_what_is_over_when_the_request_ends_does_not_keep_its_objects(client: Client) -> None:
    client.get("/broken/")
    client.get("/broken/")
    assert ErrorGroup.objects.get().count == 2


def test_the_user_of_a_token_is_known(client: Client, django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("ann", is_staff=True)
    token = issue(user, 1)
    client.get("/signed/", headers={"authorization": f"Bearer {token}"})
    assert (ErrorLog.objects.get().user_key, ErrorGroup.objects.get().users) == (str(user.pk), 1)


def test_a_session_that_nobody_asked_for_is_not_loaded() -> None:
    request = RequestFactory().get("/x/")
    asked: list[int] = []
    request.user = SimpleLazyObject(lambda: asked.append(1))  # type: ignore[assignment]
    assert Context("", request).user_id == ""
    assert asked == []


def test_an_answer_of_5xx_to_what_was_logged_is_no_further_error(client: Client) -> None:
    client.get("/by-hand/?status=500")
    error = ErrorLog.objects.get()
    assert (error.error_type, error.status_code, error.handled) == ("KeyError", 500, False)
    client.get("/by-hand/?status=404")
    assert sorted(ErrorLog.objects.values_list("error_type", flat=True)) == ["404", "KeyError", "KeyError"]


def test_a_missing_address_is_one_group_whatever_the_client_asks_for(client: Client, settings: Any) -> None:
    for accept in ("text/html", "application/json", "*/*"):
        client.get("/nowhere/", headers={"accept": accept})
    (group,) = ErrorGroup.objects.all()
    assert (group.title, group.kind, group.count) == ("404 Not Found: GET <unmatched>", "response", 3)


@pytest.mark.parametrize("kind", [asyncio.CancelledError, concurrent.futures.CancelledError])
def test_a_client_that_went_away_is_no_error(kind: type[BaseException]) -> None:
    request = RequestFactory().get("/x/")
    errors.answered(Context("", request), 500, kind())
    assert not ErrorLog.objects.exists()


class TestUnderAsgi:
    @pytest.fixture(autouse=True)
    def _database(self, transactional_db: None) -> None:
        """Views run in threads of their own."""

    @pytest.mark.parametrize("where", ["async-broken", "broken"])
    def test_an_exception_is_logged_once(self, where: str) -> None:
        asyncio.run(AsyncClient(raise_request_exception=False).get(f"/{where}/"))
        recorder.flush()
        error = ErrorLog.objects.get()
        assert (error.status_code, error.name, error.chain[0]["frames"][-1][4]) == (500, f"GET {where}/", True)

    def test_a_response_is_logged_once(self) -> None:
        asyncio.run(AsyncClient().get("/async-conflict/"))
        recorder.flush()
        assert ErrorLog.objects.get().status_code == 409
