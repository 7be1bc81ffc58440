"""Counts, trends, patterns and recommendations, from rows as drains write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.alerts import ErrorAlertingSystem
from monitoring.analysis import ErrorAnalysisEngine, ErrorMetricsCollector
from monitoring.analysis.insights import engine, metrics
from monitoring.endpoints import ErrorMonitoringEndpoints
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.tally.models import ErrorMinute
from monitoring.storage import partitions
from tests.errors.log.rows import count_hours, make_group

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
HOUR = int(NOW.timestamp() // 3600)
MINUTE = int(NOW.timestamp() // 60)


def count_minutes(group: Any, counts: list[tuple[int, int]]) -> None:
    """Count errors of a group by minute."""
    partitions.ensure(connection, ErrorMinute, [minute for minute, _ in counts])
    about = {"severity": "high", "name": "GET x", "environment": "", "release": ""}
    ErrorMinute.objects.bulk_create(
        ErrorMinute(start=minute, group_id=group.pk, count=count, **about) for minute, count in counts
    )


def write_log(*created: datetime, **values: Any) -> None:
    """Write errors into the log as programs do."""
    for moment in created:
        ErrorLog.objects.create(service="shop", error_type="Own", severity="high", created=moment, **values)


class TestMetrics:
    def test_they_count_the_day_and_the_last_hour(self) -> None:
        group = make_group(severity="critical")
        count_hours(group, [(HOUR, 60), (HOUR - 1, 40)])
        count_minutes(group, [(MINUTE, 6), (MINUTE - 59, 24), (MINUTE - 60, 500)])
        write_log(NOW - timedelta(minutes=5), NOW - timedelta(minutes=90))
        found = metrics.metrics(now=NOW)
        assert (found["total_errors"], found["recent_errors"], found["error_rate_per_minute"]) == (102, 31, 0.5167)
        assert (found["critical_errors"], found["high_errors"]) == (100, 2)

    def test_they_can_be_of_one_service(self) -> None:
        mine, other = make_group(service="shop"), make_group(service="billing")
        count_hours(mine, [(HOUR, 3)])
        count_hours(other, [(HOUR, 5)])
        count_minutes(mine, [(MINUTE, 3)])
        count_minutes(other, [(MINUTE, 5)])
        found = metrics.metrics(service="billing", now=NOW)
        assert (found["total_errors"], found["recent_errors"]) == (5, 5)


class TestTrends:
    def test_every_hour_has_its_count(self) -> None:
        group = make_group()
        count_hours(group, [(HOUR, 2), (HOUR - 2, 7), (HOUR - 3, 100)])
        write_log(NOW - timedelta(hours=1))
        found = metrics.trends(3, now=NOW)
        assert found["hourly_counts"] == {
            "2026-11-22T10:00:00Z": 7,
            "2026-11-22T11:00:00Z": 1,
            "2026-11-22T12:00:00Z": 2,
        }
        assert (found["total_errors"], found["average_errors_per_hour"], found["before"]) == (10, 3.33, 100)
        assert found["peak"] == {"hour": "2026-11-22T10:00:00Z", "count": 7}
        assert found["direction"] == "falling"

    def test_the_hour_that_has_only_begun_is_no_fall(self) -> None:
        group = make_group()
        count_hours(group, [(HOUR, 10), (HOUR - 1, 20)])
        assert metrics.trends(1, now=NOW)["direction"] == "steady"

    def test_without_errors_there_is_no_peak(self) -> None:
        found = metrics.trends(24, now=NOW)
        assert (found["peak"], found["direction"], len(found["hourly_counts"])) == (None, "steady", 24)


class TestInsights:
    def test_members_count_with_the_group_that_they_were_merged_into(self) -> None:
        root = make_group(title="root")
        member = make_group(title="member", merged_into=root)
        count_hours(root, [(HOUR, 1)])
        count_hours(member, [(HOUR - 1, 2), (HOUR - 24, 9)])
        found = engine.insights(now=NOW)
        assert found["total_patterns"] == 1
        assert [(one["group"], one["count"], one["before"]) for one in found["most_common_errors"]] == [(root.pk, 3, 9)]

    def test_the_most_common_are_ten_and_the_patterns_all(self) -> None:
        for number in range(12):
            count_hours(make_group(title=f"error {number}"), [(HOUR, number + 1)])
        found = engine.insights(now=NOW)
        assert found["total_patterns"] == 12
        assert [one["count"] for one in found["most_common_errors"]] == list(range(12, 2, -1))

    def test_the_cost_does_not_grow_with_the_patterns(self) -> None:
        for number in range(30):
            count_hours(make_group(title=f"error {number}"), [(HOUR, 1)])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            engine.insights(now=NOW)
        assert len(queries) == 4

    @pytest.mark.parametrize(
        ("values", "counts", "kind", "words"),
        [
            ({"status": "regressed", "last_release": "2.1"}, [(HOUR, 3)], "regression", "is back in release 2.1"),
            ({"first_seen": NOW, "first_release": "2.0"}, [(HOUR, 9)], "new", "first in release 2.0"),
            (
                {"first_seen": NOW - timedelta(9)},
                [(HOUR, 40), (HOUR - 30, 4)],
                "rising",
                "40 in the last 24 hours, 4 before",
            ),
            (
                {"first_seen": NOW - timedelta(9)},
                [(HOUR, 40), (HOUR - 30, 44)],
                "dominant",
                "100% of all errors (40 of 40)",
            ),
        ],
    )
    def test_recommendations_say_why(
        self, values: dict[str, Any], counts: list[tuple[int, int]], kind: str, words: str
    ) -> None:
        group = make_group(**values)
        count_hours(group, counts)
        (advice,) = engine.insights(now=NOW)["recommendations"]
        assert advice["kind"] == kind
        assert words in advice["recommendation"]
        assert advice["evidence"]["group"] == group.pk
        assert advice["evidence"]["count"] == counts[0][1]

    def test_what_people_have_settled_is_not_recommended(self) -> None:
        for status in ("resolved", "ignored"):
            count_hours(make_group(status=status, first_seen=NOW), [(HOUR, 50)])
        assert engine.insights(now=NOW)["recommendations"] == []

    def test_what_does_not_stand_out_is_left_alone(self) -> None:
        for number in range(8):
            count_hours(make_group(title=f"e{number}", first_seen=NOW - timedelta(9)), [(HOUR, 5), (HOUR - 25, 5)])
        assert engine.insights(now=NOW)["recommendations"] == []


class TestFaces:
    def test_the_documented_classes_answer(self) -> None:
        count_hours(make_group(), [(int(datetime.now(UTC).timestamp() // 3600), 3)])
        collector, analysis = ErrorMetricsCollector(retention_hours=24), ErrorAnalysisEngine()
        assert {"total_errors", "recent_errors", "error_rate_per_minute"} <= collector.get_metrics().keys()
        assert {"hourly_counts", "average_errors_per_hour"} <= collector.get_error_trends(hours=1).keys()
        found = analysis.get_error_insights()
        assert {"total_patterns", "most_common_errors", "recommendations"} <= found.keys()
        endpoints = ErrorMonitoringEndpoints()
        assert endpoints.get_metrics() == collector.get_metrics()
        assert endpoints.get_trends(hours=2).keys() == collector.get_error_trends(hours=2).keys()
        assert endpoints.get_insights() == found
        assert endpoints.get_alerts()["total_alerts"] == 0

    def test_a_channel_of_the_endpoints_is_one_of_their_alerting(self) -> None:
        told: list[Any] = []
        alerting = ErrorAlertingSystem()
        ErrorMonitoringEndpoints(alerting=alerting).add_alert_channel("list", told.append)
        alerting.tell({"name": "rule"})
        assert told == [{"name": "rule"}]

    @pytest.mark.parametrize("hours", [0, -1, True, 1.5, "24"])
    def test_impossible_hours_are_refused(self, hours: Any) -> None:
        with pytest.raises(ValueError, match="whole number from 1 up"):
            ErrorMetricsCollector(hours)
        with pytest.raises(ValueError, match="whole number from 1 up"):
            ErrorMetricsCollector().get_error_trends(hours)
        with pytest.raises(ValueError, match="whole number from 1 up"):
            ErrorAnalysisEngine(hours)


class TestApi:
    @pytest.mark.parametrize("name", ["errors", "trends", "insights"])
    def test_it_answers_as_documented_and_refuses_nonsense(self, name: str, api: Client) -> None:
        count_hours(make_group(), [(int(datetime.now(UTC).timestamp() // 3600), 7)])
        answer = api.get(f"/api/metrics/{name}", {"hours": "24", "service": "shop"})
        assert answer.status_code == 200
        assert answer.json()["total_errors"] == 7
        for wrong in ({"hours": "0"}, {"hours": "361"}, {"hours": "x"}, {"days": "1"}):
            assert api.get(f"/api/metrics/{name}", wrong).status_code == 400

    @pytest.mark.parametrize("name", ["errors", "trends", "insights"])
    def test_strangers_are_not_answered(self, name: str, client: Client) -> None:
        assert client.get(f"/api/metrics/{name}").status_code == 401
