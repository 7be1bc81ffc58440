"""Liveness answers whoever asks, in whatever way, and touches nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.test import AsyncClient, Client

PROBE = "monitoring.access.probes.ProbeMiddleware"
RECORDER = "monitoring.recording.middleware.MonitoringMiddleware"
URL = "/api/health/"


@pytest.fixture(autouse=True)
def installed(settings: Any) -> None:
    others = [name for name in settings.MIDDLEWARE if name not in (RECORDER, PROBE)]
    settings.MIDDLEWARE = [RECORDER, PROBE, *others]
    settings.ALLOWED_HOSTS = ["example.org"]


@pytest.mark.usefixtures("redis_client")
@pytest.mark.parametrize("url", ["/api/health/ready/", "/api/health/detailed/"])
@pytest.mark.parametrize("host", ["example.org", "10.1.2.3:8000", "[fe80::1]:8000", "evil_host", "a b", ""])
def test_the_other_probes_answer_under_any_host_name_and_open_no_session(
    client: Client, db: None, url: str, host: str
) -> None:
    client.cookies["sessionid"] = "x" * 32
    response = client.get(url, headers={"host": host, "authorization": "Bearer wrong"})
    assert response.status_code == 200
    assert not response.cookies
    assert response["Content-Type"] == "application/json"
    head = client.head(url, headers={"host": host})
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("host", ["example.org", "10.1.2.3:8000", "[fe80::1]:8000", "evil_host", "a b", ""])
def test_it_answers_under_any_host_name(client: Client, host: str) -> None:
    response = client.get(URL, headers={"host": host})
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "service": "enginel"}
    assert response["Content-Type"] == "application/json"


def test_other_pages_still_check_the_host_name(client: Client) -> None:
    assert client.get("/api/monitoring/performance/", headers={"host": "evil.org"}).status_code == 400


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "text/html", "application/xml", "nonsense"])
def test_it_answers_json_whatever_is_accepted(client: Client, accept: str) -> None:
    assert client.get(URL + "?format=xml", headers={"accept": accept, "host": "1.2.3.4"}).json()["status"] == "ok"


def test_head_is_answered_without_a_body(client: Client) -> None:
    response = client.head(URL)
    assert (response.status_code, response.content) == (200, b"")


def test_other_methods_are_refused_in_the_error_format(client: Client) -> None:
    response = client.post(URL, {"a": 1})
    assert response.status_code == 405
    assert response["Content-Type"] == "application/problem+json"


def test_it_names_the_service(client: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SERVICE": "shop"}
    assert client.get(URL).json() == {"status": "ok", "service": "shop"}


def test_it_needs_no_database(client: Client) -> None:
    # Without the `db` fixture, pytest-django refuses every query; a cookie would make a session look for its row.
    client.cookies["sessionid"] = "x" * 32
    response = client.get(URL, headers={"authorization": "Bearer wrong"})
    assert response.status_code == 200
    assert not response.cookies
    assert "Vary" not in response


def test_the_middleware_after_it_is_not_asked(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [PROBE, "tests.access.test_probes.refuse_all"]
    assert client.get(URL).status_code == 200
    with pytest.raises(RuntimeError):
        client.get("/api/schema/")


def test_it_answers_without_the_middleware_too(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != PROBE]
    assert client.get(URL, headers={"host": "example.org"}).status_code == 200


def test_it_is_found_under_a_prefix(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.access.prefixed_urls"
    assert client.get("/ops/api/health/", headers={"host": "1.2.3.4"}).status_code == 200


def test_a_project_without_the_urls_is_left_alone(client: Client, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.access.empty_urls"
    assert client.get(URL, headers={"host": "example.org"}).status_code == 404


def test_it_answers_asynchronously(settings: Any) -> None:
    settings.MIDDLEWARE = [RECORDER, PROBE]

    async def probe() -> Any:
        return await AsyncClient().get(URL, headers={"host": "10.0.0.1"})

    response = asyncio.run(probe())
    assert response.json() == {"status": "ok", "service": "enginel"}


@pytest.mark.usefixtures("eager")
def test_it_is_recorded_under_its_route(client: Client) -> None:
    from monitoring.performance import stats

    client.get(URL, headers={"host": "10.0.0.1"})
    assert list(stats.slowest_total("request")) == ["GET api/health/"]


def refuse_all(get_response: Any) -> Any:
    def middleware(request: Any) -> Any:
        raise RuntimeError("asked")

    return middleware
