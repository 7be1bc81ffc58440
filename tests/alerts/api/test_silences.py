"""Silences, maintenance windows and inhibitions over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow, Silence

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/alerts/"
JSON = "application/json"
MATCHERS = [{"name": "service", "op": "=~", "value": "shop.*"}]


def post(api: Client, what: str, **body: Any) -> Any:
    return api.post(f"{URL}{what}/", body, content_type=JSON)


def test_a_silence_is_made_listed_and_ended(api: Client) -> None:
    made = post(api, "silences", matchers=MATCHERS, seconds=600, comment="deploy")
    assert (made.status_code, made.json()["who"]) == (201, "ada")
    ahead = post(api, "silences", matchers=MATCHERS, starts="2099-01-01T00:00:00Z", ends="2099-01-02T00:00:00Z")
    assert ahead.status_code == 201
    listed = api.get(f"{URL}silences/", {"active": "true"}).json()["results"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    ended = api.delete(f"{URL}silences/{made.json()['id']}/").json()
    assert ended["ended_by"] == "ada"
    assert api.get(f"{URL}silences/", {"active": "true"}).json()["results"] == []
    assert Silence.objects.count() == 2
    assert api.get(f"{URL}silences/{ahead.json()['id']}/").json()["matchers"] == MATCHERS


@pytest.mark.parametrize(
    "wrong",
    [
        {"matchers": []},
        {"matchers": "service=shop"},
        {"matchers": [{"name": "service"}]},
        {"matchers": [{"name": "service", "op": "~", "value": "x"}]},
        {"matchers": [{"name": "service", "op": "=~", "value": "("}]},
        {"matchers": [{"name": "a\nb", "op": "=", "value": "x"}]},
        {"matchers": [{"name": "a", "op": "=", "value": "x\0"}]},
        {"matchers": [{"name": "a", "op": "=", "value": "x", "odd": 1}]},
        {"seconds": 0},
        {"seconds": None},
        {"ends": "2099-01-01T00:00:00Z"},
        {"seconds": None, "ends": "2001-01-01T00:00:00Z"},
        {"odd": 1},
    ],
)
def test_silences_that_mean_nothing_are_refused(api: Client, wrong: dict[str, Any]) -> None:
    body = {"matchers": MATCHERS, "seconds": 600, **wrong}
    answer = post(api, "silences", **{name: value for name, value in body.items() if value is not None})
    assert answer.status_code == 400, answer.json()
    assert not Silence.objects.exists()


def test_windows_are_made_changed_and_deleted(api: Client) -> None:
    window = {"name": "nightly", "starts": "2026-01-01T00:00:00Z", "minutes": 30, "cron": "0 3 * * *"}
    made = post(api, "maintenance", **window)
    assert (made.status_code, made.json()["time_zone"]) == (201, "UTC")
    assert post(api, "maintenance", **window).status_code == 409
    address = f"{URL}maintenance/{made.json()['id']}/"
    changed = api.patch(address, {"time_zone": "Europe/Berlin", "enabled": False}, content_type=JSON).json()
    assert (changed["time_zone"], changed["enabled"], changed["cron"]) == ("Europe/Berlin", False, "0 3 * * *")
    for wrong in ({"cron": "every day"}, {"time_zone": "Mars"}, {"minutes": 0}, {"odd": 1}, {"minutes": True}):
        assert api.patch(address, wrong, content_type=JSON).status_code == 400
    assert [one["name"] for one in api.get(f"{URL}maintenance/").json()] == ["nightly"]
    assert (api.delete(address).status_code, api.delete(address).status_code) == (204, 404)
    assert not MaintenanceWindow.objects.exists()


def test_inhibitions_are_made_changed_and_deleted(api: Client) -> None:
    body = {"name": "network", "source_matchers": MATCHERS, "target_matchers": MATCHERS, "equal": ["service"]}
    made = post(api, "inhibitions", **body)
    assert made.status_code == 201
    address = f"{URL}inhibitions/{made.json()['id']}/"
    assert api.patch(address, {"equal": []}, content_type=JSON).json()["equal"] == []
    assert api.patch(address, {"source_matchers": []}, content_type=JSON).status_code == 400
    assert [one["name"] for one in api.get(f"{URL}inhibitions/").json()] == ["network"]
    assert api.delete(address).status_code == 204
    assert not Inhibition.objects.exists()


@pytest.mark.parametrize("what", ["silences", "maintenance", "inhibitions"])
def test_strangers_may_do_nothing(client: Client, what: str) -> None:
    assert client.get(f"{URL}{what}/").status_code == 401
    assert client.post(f"{URL}{what}/", {}, content_type=JSON).status_code == 401
