"""`/api/monitoring/analysis/forecasts/` lists what is expected, and how good that was."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.analysis.forecasts.models import Forecast
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/analysis/forecasts/"


@pytest.fixture(autouse=True)
def known() -> None:
    for pk, of, probability, useful in ((1, "task", 0.7, True), (2, "request", 0.1, False), (3, "request", 0.1, True)):
        Forecast.objects.create(
            name_id=pk,
            of=of,
            service="shop",
            name=f"n{pk}",
            window=29_500_005,
            probability=probability,
            base=0.08,
            situation="no errors in the last hour",
            windows=120,
            squares=0.04,
            base_squares=0.07,
            useful=useful,
            memory={},
        )


def names(api: Client, **query: Any) -> list[str]:
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_the_most_probable_errors_come_first_with_the_score(api: Client) -> None:
    assert names(api) == ["n1", "n3", "n2"]
    first = api.get(URL).json()["results"][0]
    assert (first["error_probability"], first["base_rate"], first["brier"], first["base_brier"]) == (
        0.7,
        0.08,
        0.04,
        0.07,
    )
    assert (first["starts"], first["ends"]) == ("2026-02-02T02:45:00Z", "2026-02-02T03:00:00Z")


def test_the_list_can_be_narrowed_down_and_paged(api: Client) -> None:
    assert names(api, useful="true") == ["n1", "n3"]
    assert names(api, of="request") == ["n3", "n2"]
    assert names(api, name="n2", service="shop") == ["n2"]
    following = api.get(URL, {"limit": 2}).json()["next"]
    assert [row["name"] for row in api.get(following).json()["results"]] == ["n2"]


@pytest.mark.parametrize("parameter", ["useful", "of", "limit"])
def test_a_wrong_value_is_refused(api: Client, parameter: str) -> None:
    assert api.get(URL, {parameter: "x"}).status_code == 400


def test_their_admin_page_shows_them(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("anna"))
    assert client.get("/admin/monitoring/forecast/").status_code == 200
    assert "n1" in client.get("/admin/monitoring/forecast/1/change/").content.decode()
