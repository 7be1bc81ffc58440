"""`/api/errors/summary/`: exact sums, from counts by hour and, where the window begins, from the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.errors.log import summary
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.log.summary import summarise

from .rows import count_hours, make_group, slim, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]

NOW = datetime(2026, 11, 22, 12, 40, tzinfo=UTC)
HOUR = int(NOW.timestamp() // 3600)
URL = "/api/errors/summary/"


def totals(found: dict[str, Any]) -> tuple[int, int, int, int]:
    return (found["total_errors"], found["critical_errors"], found["high_errors"], found["unresolved_errors"])


def at(minutes: int, group: Any = None, **values: Any) -> ErrorLog:
    """An error so many minutes before `NOW`."""
    return slim(group, created=NOW - timedelta(minutes=minutes), **values)


def test_it_has_the_documented_form(api: Client) -> None:
    hour = int(datetime.now(UTC).timestamp() // 3600)
    count_hours(make_group(severity="critical", error_type="TimeoutError"), [(hour, 15)])
    count_hours(make_group(severity="high", error_type="DatabaseError"), [(hour, 12)])
    answer = api.get(URL, {"service": "shop", "hours": 24}).json()
    assert {key: answer[key] for key in answer if key != "since"} == {
        "total_errors": 27,
        "critical_errors": 15,
        "high_errors": 12,
        "unresolved_errors": 27,
        "error_types": [{"error_type": "TimeoutError", "count": 15}, {"error_type": "DatabaseError", "count": 12}],
    }


def test_whole_hours_come_from_counts_and_the_first_from_the_log() -> None:
    group = make_group(severity="critical")
    count_hours(group, [(HOUR, 4), (HOUR - 1, 30), (HOUR - 2, 500)])
    store(at(130, group), at(119, group), at(101, group), at(100, group))
    found = summarise(2, now=NOW)
    # 12:00 and 11:00 whole; of the hour from 10:00 on what came after 10:40: that of 10:41 and that of 10:59.
    assert totals(found)[:2] == (36, 36)
    assert found["since"] == NOW - timedelta(hours=2)


def test_where_the_log_does_not_reach_back_the_window_begins_with_the_hour() -> None:
    group = make_group()
    count_hours(group, [(HOUR - 2, 500), (HOUR, 4)])
    store(at(60, group))
    found = summarise(2, now=NOW)
    assert (found["total_errors"], found["since"]) == (504, datetime(2026, 11, 22, 10, tzinfo=UTC))


def test_very_many_are_not_counted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_COUNTED", 499)
    group = make_group()
    count_hours(group, [(HOUR - 2, 500)])
    store(at(130, group), at(119, group))
    found = summarise(2, now=NOW)
    assert (found["total_errors"], found["since"]) == (500, datetime(2026, 11, 22, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "unresolved"),
    [("unresolved", 8), ("regressed", 8), ("resolved", 0), ("resolved_in_release", 0), ("ignored", 0)],
)
def test_unresolved_is_what_the_group_that_it_was_merged_into_is(status: str, unresolved: int) -> None:
    root = make_group(status=status, severity="low")
    member = make_group(status="unresolved", severity="high", merged_into=root)
    count_hours(root, [(HOUR, 5)])
    count_hours(member, [(HOUR, 3)])
    assert totals(summarise(24, now=NOW)) == (8, 0, 3, unresolved)


def test_a_service_is_counted_alone() -> None:
    shop, mail = make_group(), make_group(service="mail", error_type="SMTPException")
    count_hours(shop, [(HOUR, 5)])
    count_hours(mail, [(HOUR, 3)])
    store(at(25 * 60, shop), at(24 * 60 - 1, shop), at(24 * 60 - 1, mail), at(24 * 60 - 1, mail))
    assert summarise(24, "shop", NOW)["total_errors"] == 6
    assert summarise(24, "mail", NOW)["error_types"] == [{"error_type": "SMTPException", "count": 5}]
    assert summarise(24, now=NOW)["total_errors"] == 11
    assert summarise(24, "other", NOW)["total_errors"] == 0


def test_what_a_program_wrote_into_the_log_counts_too() -> None:
    for resolved in (True, False, False):
        ErrorLog.objects.create(
            service="django",
            severity="critical",
            resolved=resolved,
            error_type="X",
            timestamp=NOW - timedelta(minutes=5),
        )
    assert totals(summarise(24, now=NOW)) == (3, 3, 0, 2)
    assert totals(summarise(24, "django", NOW)) == (3, 3, 0, 2)
    assert totals(summarise(24, "shop", NOW)) == (0, 0, 0, 0)


def test_the_most_frequent_types_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "MOST_TYPES", 2)
    for name, count in (("A", 1), ("B", 3), ("C", 3)):
        count_hours(make_group(error_type=name), [(HOUR, count)])
    found = summarise(24, now=NOW)
    assert [one["error_type"] for one in found["error_types"]] == ["B", "C"]
    assert found["total_errors"] == 7


def test_it_takes_as_many_queries_for_many_groups(api: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert api.get(URL).status_code == 200
        return len(counted)

    few = queries()
    hour = int(datetime.now(UTC).timestamp() // 3600)
    for number in range(10):
        count_hours(make_group(error_type=f"E{number}"), [(hour - ago, 5) for ago in range(24)])
    assert queries() == few


@pytest.mark.parametrize("asked", [{"hours": "0"}, {"hours": "721"}, {"hours": "x"}, {"hour": "5"}])
def test_wrong_values_are_refused_by_name(api: Client, asked: dict[str, str]) -> None:
    answer = api.get(URL, asked)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(asked))


def test_strangers_are_refused(client: Client) -> None:
    assert client.get(URL).status_code == 401
