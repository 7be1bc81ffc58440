"""Requests that are refused: what is answered, what is recorded of them, and what stays open."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.test import AsyncClient, Client, RequestFactory
from redis.connection import AbstractConnection

from monitoring.errors.models import ErrorGroup, ErrorLog
from monitoring.metrics.reader import totals
from monitoring.performance.stats import slowest_total
from monitoring.protection import middleware, routes
from monitoring.protection.middleware import ProtectionMiddleware
from monitoring.recording.decisions import copy
from monitoring.recording.recorder import recorder
from monitoring.stream.decisions import Entry

from . import urls

pytestmark = pytest.mark.urls(urls.__name__)

OURS = (
    "monitoring.recording.middleware.MonitoringMiddleware",
    "monitoring.access.probes.ProbeMiddleware",
    "monitoring.protection.middleware.ProtectionMiddleware",
)
CLIENT, KEY = "203.0.113.9", "4:32:cb007109"
ORDER = "/api/orders/7/"
PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(autouse=True)
def only_our_middleware(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing else sees the requests, and nobody follows what others decide."""
    settings.MIDDLEWARE = list(OURS)
    monkeypatch.setattr(copy, "begin", lambda *_: None)
    urls.CALLED.clear()
    yield
    copy.reset()


def block(seconds: float = 60.0) -> None:
    value = Entry(json.dumps({"id": 7, "reason": "x"}), int((time.time() + seconds) * 1000))
    copy.take({"block": {KEY: value}, "block_length": {"4:32": Entry("1")}, "throttle": {}})


def throttle(scope: str, match: str, per: str, rate: float = 0.01) -> None:
    value = {"scope": scope, "match": match, "rate": rate, "burst": 1, "per": per, "reason": "Slowly"}
    copy.take({"throttle": {"9": Entry(json.dumps(value))}, "block": {}, "block_length": {}})


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False, REMOTE_ADDR=CLIENT)


def statuses(client: Client, *paths: str, **given: Any) -> list[int]:
    return [client.get(path, **given).status_code for path in paths]


def test_a_blocked_client_gets_429_and_nobody_else_does(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    block()
    with caplog.at_level(logging.DEBUG, "django"):
        response = client.get(ORDER)
    assert response.status_code == 429
    assert 59 <= int(response["Retry-After"]) <= 60
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 429
    assert response["Content-Length"] == str(len(response.content))
    assert client.head(ORDER).content == b""
    assert urls.CALLED == []
    assert caplog.records == [], "who is refused does not fill the log"
    assert Client(REMOTE_ADDR="203.0.113.10").get(ORDER).content == b"hello"


def test_browsers_get_a_page(client: Client) -> None:
    block()
    response = client.get(ORDER, headers={"accept": PAGE})
    assert (response.status_code, response["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert b"Please try again in 1 minute." in response.content


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "X-Client-IP"])
def test_no_header_of_its_own_helps_a_blocked_client(client: Client, header: str) -> None:
    block()
    assert statuses(client, ORDER, headers={header: "198.51.100.1"}) == [429]
    assert Client(REMOTE_ADDR="198.51.100.1").get(ORDER, headers={header: CLIENT}).status_code == 200


def test_behind_a_trusted_proxy_it_is_the_client_who_is_refused(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    block()
    proxied = Client(REMOTE_ADDR="10.0.0.1")
    assert statuses(proxied, ORDER, headers={"x-forwarded-for": f"1.1.1.1, {CLIENT}"}) == [429]
    assert statuses(proxied, ORDER, headers={"x-forwarded-for": f"{CLIENT}, 1.1.1.1"}) == [200]
    assert statuses(proxied, ORDER, headers={"x-forwarded-for": "rubbish"}) == [200]
    assert statuses(proxied, ORDER) == [200]


@pytest.mark.usefixtures("redis_client")
def test_probes_and_metrics_stay_open_also_without_their_own_middleware(
    settings: Any, client: Client, db: None
) -> None:
    paths = ("/api/health/", "/api/health/ready/", "/api/health/detailed/", "/metrics")
    settings.MIDDLEWARE = [OURS[0], OURS[2]]
    settings.MONITORING = {**settings.MONITORING, "METRICS_ALLOWED_NETWORKS": ["0.0.0.0/0"]}
    block()
    assert 429 not in statuses(client, *paths)
    throttle("all", "*", "all")
    assert 429 not in statuses(client, *paths)
    assert statuses(client, ORDER, ORDER) == [200, 429], "probes took no tokens"


@pytest.mark.usefixtures("eager")
class TestRecording:
    """What is recorded of a refused request."""

    def test_it_is_a_request_of_its_own_kind_and_no_error(self, client: Client) -> None:
        block()
        client.get(ORDER)
        client.post("/nowhere/")
        assert Client(REMOTE_ADDR="1.1.1.1").get(ORDER).status_code == 200
        recorded = {name: one["count"] for name, one in slowest_total("request").items()}
        assert recorded == {"GET <refused>": 1, "POST <refused>": 1, "GET api/orders/<int:number>/": 1}
        assert not ErrorLog.objects.exists()
        assert not ErrorGroup.objects.exists()
        counted = totals("metric")
        assert (counted["http_status_429"], counted["protection_refused_block_total"]) == (2, 2)

    def test_what_a_view_answers_with_429_is_logged_as_ever(self, client: Client) -> None:
        assert client.get("/busy/").status_code == 429
        assert ErrorLog.objects.get().name == "GET busy/"

    def test_in_a_dry_run_it_is_answered_and_counted(self, client: Client, settings: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, "PROTECTION": "dry_run"}
        block()
        assert client.get(ORDER).status_code == 200
        counted = totals("metric")
        assert counted["protection_would_refuse_block_total"] == 1
        assert "protection_refused_block_total" not in counted

    def test_it_asks_neither_the_database_nor_redis(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
    ) -> None:
        block()

        def forbidden(*_: Any, **__: Any) -> None:
            raise AssertionError

        monkeypatch.setattr(AbstractConnection, "send_packed_command", forbidden)
        monkeypatch.setattr(recorder, "record", lambda _: None)
        with django_assert_num_queries(0):
            assert client.get(ORDER).status_code == 429


def test_a_throttle_of_a_route_is_about_no_other(client: Client) -> None:
    throttle("route", "api/orders/<int:number>/", "all")
    assert statuses(client, ORDER, "/api/orders/8/", "/shop/1/", "/shop/2/", "/no/") == [200, 429, 200, 200, 404]
    response = client.get(ORDER)
    assert (response.json()["detail"], response["Retry-After"]) == ("Slowly. Please try again in 2 minutes.", "100")


def test_what_matches_no_route_can_be_throttled(client: Client) -> None:
    throttle("route", "<unmatched>", "client")
    assert statuses(client, "/a/", "/b/", ORDER) == [404, 429, 200]


def test_routes_that_follow_the_language_are_known(client: Client, settings: Any) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    settings.MIDDLEWARE = [*OURS, "django.middleware.locale.LocaleMiddleware"]
    throttle("route", "*shop/*", "all")
    assert statuses(client, "/de/shop/1/", "/shop/2/") == [200, 429]
    throttle("route", "GET shop/*", "route")
    assert statuses(client, "/shop/1/", "/shop/2/", "/de/shop/1/") == [200, 429, 200]


def test_where_other_urls_were_chosen_before_these_are_meant(client: Client, settings: Any) -> None:
    request = RequestFactory().get("/elsewhere/1/")
    assert routes.name_of(request) == "GET <unmatched>"
    request.urlconf = "tests.protection.middleware.other_urls"
    assert routes.name_of(request) == "GET elsewhere/<int:number>/"
    request.method = "BREW"
    assert routes.name_of(request) == "_OTHER elsewhere/<int:number>/"


def test_holders_of_tokens_have_buckets_of_their_own(client: Client) -> None:
    throttle("token", "*", "token")
    one, other = ({"authorization": f"Bearer {name * 20}"} for name in "ab")
    assert statuses(client, ORDER, ORDER, headers=one) == [200, 429]
    assert statuses(client, ORDER, headers=other) == [200]
    assert statuses(client, ORDER, ORDER) == [200, 200]


def test_no_route_is_looked_for_while_none_is_throttled(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "name_of", None)
    throttle("client", "*", "client")
    assert statuses(client, ORDER, ORDER) == [200, 429]


def test_whatever_goes_wrong_the_request_is_answered(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    block()
    monkeypatch.setattr(middleware, "_refuse", None)
    assert client.get(ORDER).status_code == 200


def test_without_recording_it_is_not_used(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    with pytest.raises(MiddlewareNotUsed):
        ProtectionMiddleware(lambda _: None)


def test_under_asgi_it_is_the_same(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "TRUSTED_PROXIES": ["127.0.0.1"]}
    block()

    async def ask() -> list[int]:
        client = AsyncClient(raise_request_exception=False)
        asked = (client.get("/later/", headers={"x-forwarded-for": one}) for one in (CLIENT, "1.1.1.1", CLIENT))
        return [answer.status_code for answer in await asyncio.gather(*asked)]

    assert asyncio.run(ask()) == [429, 200, 429]
