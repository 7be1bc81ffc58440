"""Prometheus finds pods by their addresses, and calls them so."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.test import AsyncClient, Client

from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import TOKEN, URL, parsed, scrape, series

RECORDER = "monitoring.recording.middleware.MonitoringMiddleware"
BEARER = f"Bearer {TOKEN}"


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fe80::1]:8000", "example.org"])
def test_it_is_scraped_under_any_host_name(host: str) -> None:
    assert Client().get(URL, headers={"host": host, "authorization": BEARER}).status_code == 200
    assert Client().get(URL, headers={"host": host}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_it_is_scraped_under_asgi() -> None:
    async def ask() -> tuple[int, int]:
        client = AsyncClient()
        scraped = await client.get(URL, headers={"host": "10.1.2.3", "authorization": BEARER})
        refused = await client.get(URL, headers={"host": "10.1.2.3"})
        return scraped.status_code, refused.status_code

    assert asyncio.run(ask()) == (200, 401)


@pytest.mark.usefixtures("redis_client", "db")
def test_a_scrape_is_recorded_under_its_route(settings: Any) -> None:
    settings.MIDDLEWARE = [RECORDER, *settings.MIDDLEWARE]
    scrape()
    recorder.flush()
    drain_all()
    labels = {"http_request_method": "GET", "http_route": "metrics", "http_response_status_code": "200"}
    found = parsed(scrape().content.decode())
    assert series(found, "http_server_request_duration_seconds_count", **labels) == 1
