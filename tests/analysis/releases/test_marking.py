from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from monitoring.analysis.releases import timeline
from monitoring.analysis.releases.marking import Deployment, MarkError, mark
from monitoring.analysis.releases.models import ReleaseMark
from monitoring.errors.groups.models import Release
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "/api/monitoring/analysis/releases/"


def deployed(release: str, minutes: float = 0, service: str = "shop") -> Deployment:
    return Deployment(service, "production", release, T0 + timedelta(minutes=minutes))


def marked() -> list[str]:
    return list(ReleaseMark.objects.order_by("at").values_list("release", flat=True))


@pytest.mark.django_db
def test_many_who_say_the_same_mark_once_and_a_roll_back_is_another_mark() -> None:
    assert [mark(deployed("1.0", minute), "ci")[1] for minute in (0, 1, 2, -1)] == [True, False, False, False]
    mark(deployed("2.0", 10), "ci")
    mark(deployed("1.0", 20), "ci")

    assert marked() == ["1.0", "2.0", "1.0"]


@pytest.mark.django_db
def test_services_and_environments_are_told_apart_and_time_to_come_is_refused() -> None:
    mark(deployed("1.0"), "ci")
    mark(deployed("1.0", service="billing"), "ci")
    mark(Deployment("shop", "staging", "1.0", T0), "ci")
    with pytest.raises(MarkError):
        mark(deployed("2.0", 10), "ci", now=T0)

    assert marked() == ["1.0"] * 3


@pytest.mark.django_db(transaction=True)
def test_of_pods_that_mark_at_the_same_time_one_does() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a database in memory has one writer, and others do not wait")
    start, new = threading.Barrier(4), []

    def pod() -> None:
        start.wait()
        try:
            new.append(mark(deployed("1.0"), "ci")[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=pod) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new) == [False, False, False, True]
    assert marked() == ["1.0"]


@pytest.mark.django_db
def test_a_release_that_nobody_marked_is_known_by_its_first_error() -> None:
    Release.objects.create(service="shop", release="1.0", first_seen=T0)
    Release.objects.create(service="shop", release="2.0", first_seen=T0 + timedelta(minutes=9))
    Release.objects.create(service="shop", release="", first_seen=T0)
    mark(deployed("2.0", 5), "ci")

    found = timeline.read("default", service="shop")
    assert [(one.release, one.source) for one in found] == [("2.0", "mark"), ("1.0", "errors")]


@pytest.mark.django_db
def test_over_http_it_is_marked_once_listed_and_told_what_is_wrong(api: Client) -> None:
    said = {"release": "2.0", "service": "shop", "at": "2026-11-22T12:00Z", "url": "https://ci.example/7"}
    answers = [api.post(URL, said, content_type="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    found = api.get(URL, {"service": "shop"}).json()
    assert found == {"count": 1, "releases": [answers[0].json()]}
    assert found["releases"][0]["environment"] == "production"

    def refused(**values: Any) -> dict[str, Any]:
        answer = api.post(URL, {**said, **values}, content_type="application/json")
        assert answer.status_code == 400
        return answer.json()["errors"]

    assert "url" in refused(url="javascript:alert(1)")
    assert "at" in refused(at="2199-01-01T00:00Z")
    assert "version" in refused(version="1")
    assert api.get(URL, {"services": "shop"}).status_code == 400
    assert Client().post(URL, said, content_type="application/json").status_code == 401


@pytest.mark.django_db
def test_the_command_marks_with_what_is_known_of_this_installation() -> None:
    told = StringIO()
    call_command("mark_release", "2.0", "--at", "2026-11-22T12:00:00Z", stdout=told)
    call_command("mark_release", "2.0", "--environment", "production", stdout=told)

    assert told.getvalue() == (
        "enginel 2.0 in production at 2026-11-22T12:00:00+00:00: marked\n"
        "enginel 2.0 in production at 2026-11-22T12:00:00+00:00: is marked already\n"
    )
    with pytest.raises(CommandError, match="at: "):
        call_command("mark_release", "2.0", "--at", "yesterday")
