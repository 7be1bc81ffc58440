"""Capturing by hand: `ErrorCaptureService` and `ErrorCaptureMiddleware`."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.urls import path
from rest_framework.request import Request as WrappedRequest

from monitoring.error_tracking import get_error_tracking
from monitoring.errors import ErrorCaptureService
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.middleware import ErrorCaptureMiddleware
from monitoring.recording.recorder import recorder

pytestmark = pytest.mark.usefixtures("eager")

UUID = "550e8400-e29b-41d4-a716-446655440000"
CAPTURE = "monitoring.errors.middleware.ErrorCaptureMiddleware"
MONITORING = "monitoring.recording.middleware.MonitoringMiddleware"
service = ErrorCaptureService()


def broken(_request: Any, number: int) -> HttpResponse:
    raise ValueError(f"number {number}")


def gone(_request: Any) -> HttpResponse:
    return HttpResponse(status=410)


def by_hand(request: Any) -> HttpResponse:
    """Captures what it then answers with, as the documented service allows."""
    try:
        raise ValueError("by hand")
    except ValueError as error:
        shown = [service.capture_exception(request, error)]
    response = HttpResponse(status=503)
    shown.append(service.capture_error(request, response))
    response.content = f"{shown[0]} {shown[1]}"
    return response


urlpatterns = [
    path("broken/<int:number>/", broken),
    path("gone/", gone),
    path("by-hand/", by_hand),
    path("fine/", lambda _: HttpResponse("fine")),
]


class TestFingerprints:
    @pytest.mark.parametrize(
        ("url", "normal"),
        [
            ("/api/pets/123/", "/api/pets/{id}/"),
            ("/1/2/3/", "/{id}/{id}/{id}/"),
            (f"/designs/{UUID}/", "/designs/{uuid}/"),
            (f"/designs/{UUID}/{UUID}/7/", "/designs/{uuid}/{uuid}/{id}/"),
            ("/pets/123", "/pets/123"),
            ("/users/john/", "/users/john/"),
            ("/v2/pets/a1/", "/v2/pets/a1/"),
            ("/a/12345678-1234/", "/a/12345678-1234/"),
            ("", ""),
        ],
    )
    def test_segments_that_differ_become_placeholders(self, url: str, normal: str) -> None:
        assert service.normalize_url(url) == normal

    def test_the_formula_is_the_documented_one(self) -> None:
        expected = hashlib.sha256(b"csrf:403:/pets/{id}/edit/").hexdigest()[:16]
        assert service.generate_fingerprint("csrf", "/pets/5/edit/", 403) == expected
        assert service.generate_fingerprint("csrf", "/pets/6/edit/", 403) == expected
        assert service.generate_fingerprint("csrf", "/pets/6/edit/", 404) != expected


class TestService:
    def test_a_response_is_logged_once(self) -> None:
        request = RequestFactory().post("/api/pets/7/", headers={"user-agent": "curl/8"})
        first = service.capture_error(request, HttpResponse(status=404))
        assert service.capture_error(request, HttpResponse(status=404)) == first
        row = ErrorLog.objects.get()
        assert (str(row.error_id), row.status_code, row.error_type, row.method) == (first, 404, "404", "POST")

    def test_an_exception_and_its_response_are_one_error(self) -> None:
        request = RequestFactory().get("/api/pets/7/")
        error = ValueError("no")
        first = service.capture_exception(request, error)
        assert service.capture_exception(request, error) == first
        assert service.capture_error(request, HttpResponse(status=500)) == first
        row = ErrorLog.objects.get()
        assert (str(row.error_id), row.status_code, row.error_type, row.handled) == (first, 500, "ValueError", False)

    def test_rest_frameworks_request_is_djangos(self) -> None:
        request = RequestFactory().get("/x/")
        error = ValueError("no")
        first = service.capture_exception(WrappedRequest(request), error)
        assert service.capture_error(request, HttpResponse(status=500)) == first

    @pytest.mark.parametrize("excluded", [{"EXCLUDE_PATHS": ["/quiet/"]}, {"ENABLED": False}])
    def test_what_is_excluded_is_not_logged(self, settings: Any, excluded: dict[str, Any]) -> None:
        settings.ERROR_TRACKING = excluded
        get_error_tracking.cache_clear()
        request = RequestFactory().get("/quiet/x/")
        assert service.capture_exception(request, ValueError("no")) is None
        assert service.capture_error(request, HttpResponse(status=500)) is None
        assert not ErrorLog.objects.exists()

    def test_a_status_that_is_excluded_is_not_logged(self, settings: Any) -> None:
        settings.ERROR_TRACKING = {"EXCLUDE_STATUS_CODES": [404]}
        get_error_tracking.cache_clear()
        request = RequestFactory().get("/x/")
        assert service.capture_error(request, HttpResponse(status=404)) is None
        assert service.capture_error(request, HttpResponse(status=410)) is not None
        assert ErrorLog.objects.get().status_code == 410


@pytest.fixture(autouse=True)
def fresh_tracking() -> Any:
    yield
    get_error_tracking.cache_clear()


@pytest.fixture(params=[[CAPTURE], [MONITORING, CAPTURE]], ids=["alone", "below"])
def visitor(request: pytest.FixtureRequest, settings: Any) -> Client:
    """A client of a project that captures errors by this middleware alone, or below the one that records everything."""
    settings.MIDDLEWARE = request.param
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


class TestMiddleware:
    def test_an_exception_is_captured_once_with_its_request(self, visitor: Client) -> None:
        assert visitor.get("/broken/7/").status_code == 500
        row = ErrorLog.objects.get()
        assert (row.error_type, row.message, row.status_code) == ("ValueError", "number 7", 500)
        assert (row.name, row.url_pattern, row.handled) == ("GET broken/<int:number>/", "broken/<int:number>/", False)
        assert "in broken" in row.traceback

    def test_a_response_is_captured_once(self, visitor: Client) -> None:
        assert visitor.get("/gone/").status_code == 410
        row = ErrorLog.objects.get()
        assert (row.error_type, row.status_code, row.url_pattern) == ("410", 410, "gone/")

    def test_what_is_captured_by_hand_too_stays_one_error(self, visitor: Client) -> None:
        first, second = visitor.get("/by-hand/").content.decode().split()
        assert first == second == str(ErrorLog.objects.get().error_id)
        assert ErrorLog.objects.get().status_code == 503

    def test_what_is_fine_is_none(self, visitor: Client) -> None:
        assert visitor.get("/fine/").content == b"fine"
        assert not ErrorLog.objects.exists()

    def test_scanners_open_one_group(self, visitor: Client) -> None:
        for number in range(5):
            visitor.get(f"/wp-{number}/{number}/")
        assert ErrorLog.objects.values("fingerprint").distinct().count() == 1


def test_it_captures_asynchronously_too() -> None:
    async def answer(_request: Any) -> HttpResponse:
        return HttpResponse(status=503)

    middleware = ErrorCaptureMiddleware(answer)
    response = async_to_sync(middleware)(AsyncRequestFactory().get("/x/"))
    recorder.flush()
    assert response.status_code == 503
    assert ErrorLog.objects.get().status_code == 503
