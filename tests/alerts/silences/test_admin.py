"""Silences, windows and inhibitions are made in the admin, of lines that mean something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.alerts.silences.models import Inhibition, MaintenanceWindow, Silence

pytestmark = pytest.mark.django_db
ADMIN = "/admin/monitoring"


@pytest.fixture
def ada(client: Client) -> Client:
    client.force_login(get_user_model().objects.create_superuser("ada", password=None))
    return client


def times(**fields: timedelta) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        f"{name}_{part}": f"{now + after:{shape}}"
        for name, after in fields.items()
        for part, shape in ((0, "%Y-%m-%d"), (1, "%H:%M:%S"))
    }


def send(client: Client, path: str, values: dict[str, Any]) -> str:
    """Send a form; return the page that refuses it, or nothing."""
    answer = client.post(f"{ADMIN}/{path}/", values)
    return "" if answer.status_code == 302 else answer.content.decode()


def test_a_silence_is_made_and_ended_and_never_changed(ada: Client) -> None:
    hour = {"comment": "work", **times(starts=timedelta(0), ends=timedelta(hours=1))}
    assert not send(ada, "silence/add", {"matchers": 'service="shop"\nroute=~api/.*', **hour})
    row = Silence.objects.get()
    assert row.who == "ada"
    assert row.matchers == [
        {"name": "service", "op": "=", "value": "shop"},
        {"name": "route", "op": "=~", "value": "api/.*"},
    ]
    assert ada.get(f"{ADMIN}/silence/{row.pk}/change/").status_code == 200
    assert "service=shop" in ada.get(f"{ADMIN}/silence/").content.decode()
    assert ada.post(f"{ADMIN}/silence/{row.pk}/change/", {"comment": "x"}).status_code == 403
    ada.post(f"{ADMIN}/silence/", {"action": "end", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.ended_by == "ada"


@pytest.mark.parametrize(
    ("matchers", "ends", "said"),
    [
        ("", timedelta(hours=1), "This field is required"),
        ("nonsense", timedelta(hours=1), "is no matcher"),
        ("a=~(", timedelta(hours=1), "is no regular expression"),
        ("a=b", timedelta(hours=-1), "ends after it starts"),
        ("a=b", timedelta(days=500), "within a year"),
    ],
)
def test_a_silence_that_means_nothing_is_refused(ada: Client, matchers: str, ends: timedelta, said: str) -> None:
    assert said in send(ada, "silence/add", {"matchers": matchers, **times(starts=timedelta(0), ends=ends)})
    assert not Silence.objects.exists()


def test_a_window_is_made_and_changed(ada: Client) -> None:
    values = {"name": "nightly", "minutes": "60", "time_zone": "Europe/Berlin", "enabled": "on"}
    values |= {"cron": "0 2 * * *", **times(starts=timedelta(0))}
    assert not send(ada, "maintenancewindow/add", values)
    row = MaintenanceWindow.objects.get()
    assert (row.who, row.matchers, row.cron) == ("ada", [], "0 2 * * *")
    assert not send(ada, f"maintenancewindow/{row.pk}/change", {**values, "matchers": "service=shop"})
    row.refresh_from_db()
    assert row.matchers == [{"name": "service", "op": "=", "value": "shop"}]
    assert "service=&quot;shop&quot;" in ada.get(f"{ADMIN}/maintenancewindow/{row.pk}/change/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cron": "0 25 * * *"}, "is no crontab"),
        ({"time_zone": "Mars/Base"}, "is no time zone"),
        ({"minutes": "0"}, "is open for 1 to"),
        ({"matchers": "nonsense"}, "is no matcher"),
    ],
)
def test_a_window_that_could_never_be_open_is_refused(ada: Client, wrong: dict[str, str], said: str) -> None:
    values = {"name": "w", "minutes": "60", "time_zone": "UTC", "cron": "", **times(starts=timedelta(0))}
    assert said in send(ada, "maintenancewindow/add", {**values, **wrong})


def test_an_inhibition_is_made_and_changed(ada: Client) -> None:
    values = {"name": "i", "source_matchers": "rule=a", "target_matchers": "rule=b", "equal": "host, zone,"}
    assert not send(ada, "inhibition/add", {**values, "enabled": "on"})
    row = Inhibition.objects.get()
    assert row.equal == ["host", "zone"]
    assert "host, zone" in ada.get(f"{ADMIN}/inhibition/{row.pk}/change/").content.decode()
    assert not send(ada, f"inhibition/{row.pk}/change", {**values, "equal": ""})
    row.refresh_from_db()
    assert (row.equal, row.enabled) == ([], False)
