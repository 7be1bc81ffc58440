"""A look finds what is unusual for its hour of the week, keeps it in rows, and tells of it only when asked to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.alerts.incidents.models import Incident
from monitoring.analysis.anomalies.looking import look
from monitoring.analysis.anomalies.models import Anomaly, Baseline
from monitoring.conf import Config
from monitoring.jobs.findings import Finding

from .stage import HOUR, NOW, WEEK, hour, later, looks, minutes, name_id, past, queue_minute

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("measure", "seen"),
    [
        ("error_rate", {"errors": 6}),
        ("latency", {"seconds": 1.0}),
        ("throughput_drop", {"count": 1}),
        ("throughput_rise", {"count": 200}),
    ],
)
def test_what_is_unusual_is_suspected_at_the_first_look_and_open_at_the_second(
    measure: str, seen: dict[str, Any]
) -> None:
    pk = name_id()
    past(pk)
    looks(1, pk, **seen)
    assert [(row.measure, row.state) for row in Anomaly.objects.all()] == [(measure, "suspected")]
    assert looks(1, pk, first=1, **seen).opened == 1
    row = Anomaly.objects.get()
    assert (row.state, row.started, row.opened) == ("open", NOW, later(1))
    assert row.says.startswith(f"GET api/carts/ (shop) {row.evidence['brief']} at this")
    assert "at this hour of the week (from 12 hours)" in row.says


def test_what_is_usual_is_nothing() -> None:
    pk = name_id()
    past(pk)
    looks(3, pk)
    assert not Anomaly.objects.exists()


def test_a_suspicion_that_the_next_look_does_not_share_is_dropped() -> None:
    pk = name_id()
    past(pk)
    looks(1, pk, errors=6)
    looks(1, pk, first=1)
    assert not Anomaly.objects.exists()


def test_it_is_over_after_five_looks_that_find_it_usual() -> None:
    pk = name_id()
    past(pk)
    looks(3, pk, errors=6)
    looks(4, pk, first=8)
    assert Anomaly.objects.get().state == "open"
    assert looks(1, pk, first=12).closed == 1
    row = Anomaly.objects.get()
    assert (row.state, row.ending, row.closed) == ("closed", "usual", later(12))


def test_in_shadow_nobody_is_told() -> None:
    pk = name_id()
    past(pk)
    looks(2, pk, errors=6)
    assert not Finding.objects.exists()


def test_with_alerts_on_an_open_anomaly_is_a_finding_until_it_is_over() -> None:
    pk = name_id(kind="task", name="shop.pay")
    past(pk)
    looks(3, pk, mode="alert", errors=6)
    finding = Finding.objects.get()
    assert (finding.kind, finding.subject, finding.closed) == ("anomaly_error_rate", "task shop.pay (shop)", None)
    assert finding.detail["task"] == "shop.pay"
    assert finding.detail["says"] == Anomaly.objects.get().says
    looks(5, pk, mode="alert", first=8)
    assert Finding.objects.get().closed == later(12)


def test_shadow_takes_findings_back_and_off_closes_anomalies_too() -> None:
    pk = name_id()
    past(pk)
    looks(2, pk, mode="alert", errors=6)
    looks(1, pk, mode="shadow", first=2, errors=6)
    assert Finding.objects.get().closed == later(2)
    looks(1, pk, mode="off", first=3, errors=6)
    assert Anomaly.objects.get().ending == "off"


def test_a_route_that_is_silent_is_missed_unless_nothing_at_all_is_recorded() -> None:
    pk, other = name_id(), name_id("GET api/other/")
    past(pk)
    looks(2)
    assert not Anomaly.objects.exists()
    minutes(other, later(3))
    looks(2, first=2)
    assert [row.measure for row in Anomaly.objects.all()] == ["throughput_drop"]


@pytest.mark.parametrize("gap", [2, 6, 25])
def test_minutes_in_which_nothing_was_recorded_are_no_drop_of_any_series(gap: int) -> None:
    pk = name_id()
    past(pk)
    minutes(pk, NOW, 40)
    for step in range(1, gap + 8):
        if not 2 <= step < 2 + gap:
            # The minute in which recording ended, and the one in which it came back, have but a part of theirs.
            minutes(pk, later(step), 1, count=3 if step in (1, 2 + gap) else 20)
        looks(1, first=step)
    assert not Anomaly.objects.exists()


def test_hours_in_which_something_was_wrong_are_not_learned_from() -> None:
    pk = name_id()
    past(pk)
    starts = [HOUR - week * WEEK for week in (1, 2, 3)]
    for start in starts:
        began = NOW - timedelta(minutes=NOW.timestamp() // 60 - start)
        Incident.objects.create(
            rule_name="r",
            key=f"{start}",
            labels={"route": "GET api/carts/", "service": "shop"},
            severity="high",
            state="resolved",
            started=began,
            fired=began,
            resolved=began + timedelta(minutes=30),
            last_active=began,
        )
    look(Config(), NOW)
    assert Baseline.objects.get().usual["hours"] == 9


def test_an_anomaly_freezes_learning_and_one_that_lasted_a_day_is_what_is_usual() -> None:
    pk = name_id()
    past(pk)
    looks(2, pk, errors=6)
    row = Anomaly.objects.get()
    Anomaly.objects.update(opened=row.opened - timedelta(days=1), started=row.started - timedelta(days=1))
    for back in range(1, 24):
        hour(HOUR - back * 60, pk, errors=360)
    looks(1, pk, first=2, errors=6)
    assert Anomaly.objects.get().ending == "accepted"
    Baseline.objects.all().delete()
    looks(2, pk, first=3, errors=6)
    assert Anomaly.objects.count() == 1
    assert Baseline.objects.get().usual["level"] == "recent"


def test_a_queue_is_compared_with_its_last_days() -> None:
    pk = name_id("celery", "queue", "")
    for back in range(1, 30):
        queue_minute(HOUR - back * 60, pk, 5 + back % 3, 2.0)
    for start in range(HOUR + 12, HOUR + 22):
        queue_minute(start, pk, 900, 1.0)
    looks(2)
    row = Anomaly.objects.get()
    assert (row.measure, row.name, row.state, row.value) == ("queue_length", "celery", "open", 900)
    assert row.says.startswith("queue celery held 900 messages or more for 5 minutes; usual is 6 at most")


def test_nothing_is_judged_before_enough_is_known() -> None:
    pk = name_id()
    for back in range(1, 4):
        hour(HOUR - back * 60, pk)
    looks(2, pk, errors=20)
    assert not Baseline.objects.exists()


def test_the_busiest_series_are_watched() -> None:
    for number in range(4):
        past(name_id(f"GET {number}/"), count=100 * (number + 1))
    look(Config(anomaly_series=2), NOW)
    assert sorted(row.name for row in Baseline.objects.all()) == ["GET 2/", "GET 3/"]


def test_a_look_makes_as_many_queries_at_much_as_at_little() -> None:
    def fresh(first: int, end: int) -> None:
        for number in range(first, end):
            pk = name_id(f"GET {number}/")
            past(pk)
            minutes(pk, errors=6)
        Baseline.objects.all().delete()

    def count(at: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            look(Config(anomalies="alert"), later(at))
        return len([one for one in queries if "SAVEPOINT" not in one["sql"]])

    fresh(0, 1)
    little = [count(0), count(1)]
    assert Finding.objects.count() == 1
    Anomaly.objects.all().delete()
    Finding.objects.all().delete()
    fresh(0 + 1, 8)
    much = [count(0), count(1)]
    assert all(one <= other for one, other in zip(much, little, strict=True))
    assert little[0] <= 20
    assert little[1] <= 12
    assert Finding.objects.count() == 8
