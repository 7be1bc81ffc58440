"""`/api/monitoring/analysis/anomalies/` lists what is unusual, and what was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.analysis.anomalies.models import Anomaly
from tests.api.conftest import admin, api

from .stage import NOW

__all__ = ["admin", "api"]

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/analysis/anomalies/"


def anomaly(**values: Any) -> Anomaly:
    defaults = {
        "measure": "latency",
        "of": "request",
        "service": "shop",
        "name": "GET api/carts/",
        "state": "open",
        "started": NOW,
        "opened": NOW + timedelta(minutes=1),
        "seen": NOW + timedelta(minutes=1),
        "value": 2.0,
        "expected": 0.5,
        "chance": 1e-9,
        "says": "It is slow.",
        "evidence": {"hours": 12},
    }
    return Anomaly.objects.create(**defaults | values)


@pytest.fixture
def found() -> None:
    anomaly()
    past = {"state": "closed", "ending": "usual", "started": NOW - timedelta(hours=2)}
    anomaly(measure="queue_age", of="queue", service="", name="celery", closed=NOW - timedelta(hours=1), **past)
    anomaly(measure="error_rate", state="suspected", opened=None, started=NOW + timedelta(minutes=2))


def names(api: Client, **query: Any) -> list[str]:
    answer = api.get(URL, query)
    assert answer.status_code == 200, answer.content
    return [row["measure"] for row in answer.json()["results"]]


@pytest.mark.usefixtures("found")
def test_anomalies_are_listed_the_newest_first_without_suspicions(api: Client) -> None:
    open_one, past = api.get(URL).json()["results"]
    assert (open_one["state"], open_one["closed"], open_one["says"]) == ("open", None, "It is slow.")
    assert (past["state"], past["ending"], past["of"]) == ("closed", "usual", "queue")


@pytest.mark.usefixtures("found")
def test_the_list_can_be_narrowed_down(api: Client) -> None:
    assert names(api, state="open") == names(api, since=NOW.isoformat()) == names(api, limit=1) == ["latency"]
    assert names(api, state="suspected") == ["error_rate"]
    assert names(api, of="queue") == names(api, name="celery") == names(api, measure="queue_age") == ["queue_age"]
    assert names(api, service="shop") == ["latency"]


@pytest.mark.parametrize("parameter", ["state", "measure", "of", "since", "limit"])
def test_a_wrong_value_is_refused(api: Client, parameter: str) -> None:
    assert api.get(URL, {parameter: "x"}).status_code == 400


def test_only_admins_may_see_them(client: Client) -> None:
    assert client.get(URL).status_code == 401


@pytest.mark.usefixtures("found")
def test_their_admin_page_shows_them(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("anna"))
    page = client.get("/admin/monitoring/anomaly/").content.decode()
    assert page.count("It is slow.") == 2
