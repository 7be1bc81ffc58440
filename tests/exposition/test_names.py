"""Every documented name is there after what it counts has happened."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from monitoring.recording.events import Request
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .conftest import Samples, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]


def request(route: str, status: int, seconds: float = 0.001, method: str = "GET") -> None:
    recorder.record(Request(time.time_ns(), int(seconds * 1e9), method, route, status))


def test_requests_are_counted_by_status_and_by_endpoint(samples: Read) -> None:
    for status in (200, 200, 404):
        request("api/designs/<uuid:pk>/", status)
    request("admin/", 200)
    recorder.flush()
    drain_all()
    found = samples()
    assert series(found, "http_requests_total") == 4
    assert series(found, "http_status_200") == 3
    assert series(found, "http_status_404") == 1
    assert series(found, "api_requests_total") == 3
    assert series(found, "endpoint_designs") == 3
