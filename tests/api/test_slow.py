"""`/api/monitoring/performance/slow/` lists what was slow, one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from monitoring.performance import PerformanceMonitor
from tests.api.samples import make_sample

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/performance/slow/"


def test_what_was_slow_is_shown_with_its_context(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SLOW_OPERATION_SECONDS": {"packing": 0.000001}}
    with PerformanceMonitor.track_duration("packing"):
        pass
    answer = api.get(URL).json()
    assert (answer["count"], answer["next"], answer["previous"]) == (1, None, None)
    (shown,) = answer["results"]
    assert set(shown) == {"id", "at", "kind", "service", "name", "duration", "trace_id", "context"}
    assert (shown["kind"], shown["name"]) == ("operation", "packing")
    assert 0 < shown["duration"] < 60


def test_the_newest_comes_first(api: Client) -> None:
    now = timezone.now()
    made = [str(make_sample(at=now - timedelta(minutes=age)).pk) for age in (2, 0, 1)]
    assert [row["id"] for row in api.get(URL).json()["results"]] == [made[1], made[2], made[0]]


def test_the_list_can_be_narrowed_down(api: Client) -> None:
    make_sample()
    make_sample(name="packing")
    make_sample(kind="request", name="GET api/designs/")

    def names(**query: str) -> list[str]:
        return sorted(row["name"] for row in api.get(URL, query).json()["results"])

    assert names(kind="operation") == ["packing", "upload"]
    assert names(name="GET api/designs/") == ["GET api/designs/"]
    assert names(kind="operation", name="packing") == ["packing"]
    assert names(kind="task") == names(name="nobody") == []


def test_pages_hold_as_many_as_asked_for(api: Client) -> None:
    for _ in range(5):
        make_sample()
    page = api.get(URL, {"limit": 2, "offset": 2}).json()
    assert (page["count"], len(page["results"])) == (5, 2)
    assert "offset=4" in page["next"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("kind", "wait"),
        ("kind", ""),
        ("name", ""),
        ("name", "\0"),
        ("name", "x" * 201),
        ("limit", "501"),
        ("limit", "\N{ARABIC-INDIC DIGIT THREE}"),
        ("limit", "1.0"),
        ("offset", "x"),
        ("offset", "\N{FULLWIDTH DIGIT FIVE}"),
    ],
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [parameter]


def test_it_is_for_the_staff_alone(client: Client) -> None:
    assert client.get(URL).status_code == 401
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get(URL).status_code == 403


def test_a_long_list_costs_as_many_queries_as_a_short_one(
    api: Client, settings: Any, django_assert_num_queries: Any
) -> None:
    settings.MONITORING = {**settings.MONITORING, "ENABLED": False}
    for count in (1, 30):
        for _ in range(count):
            make_sample()
        with django_assert_num_queries(3):  # the token, the count, the page
            api.get(URL)
