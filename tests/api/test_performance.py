"""`/api/monitoring/performance/` answers with documented statistics by name."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from monitoring.performance import PerformanceMonitor
from monitoring.recording.events import Request, Task, TaskState
from monitoring.recording.recorder import recorder

pytestmark = pytest.mark.usefixtures("eager")

URL = "/api/monitoring/performance/"
DOCUMENTED = {
    "count", "total_duration", "avg_duration", "min_duration", "max_duration", "p50", "p95", "p99", "error_count",
    "error_rate",
}  # fmt: skip


def test_an_operation_is_shown_with_its_statistics(api: Client) -> None:
    for seconds in (1.0, 2.0, 3.0, 4.0):
        PerformanceMonitor._record_duration("geometry_extraction", seconds, error=seconds > 3)
    shown = api.get(URL).json()["operations"]["geometry_extraction"]
    assert set(shown) == DOCUMENTED
    assert (shown["count"], shown["error_count"], shown["error_rate"]) == (4, 1, 0.25)
    assert shown["total_duration"] == pytest.approx(10.0)
    assert shown["avg_duration"] == pytest.approx(2.5)
    assert (shown["min_duration"], shown["max_duration"]) == (pytest.approx(1.0), pytest.approx(4.0))
    assert shown["min_duration"] <= shown["p50"] <= shown["p95"] <= shown["p99"] <= shown["max_duration"]


def test_every_kind_has_its_part(api: Client, now_ns: int) -> None:
    recorder.record(Request(now_ns, 5_000_000, "GET", "api/designs/", 200))
    recorder.record(Task(now_ns, 7_000_000, "tasks.extract", "designs", TaskState.SUCCESS, 1_000_000))
    PerformanceMonitor._record_duration("upload", 0.1)
    answer = api.get(URL).json()
    assert answer["minutes"] == 60
    assert list(answer) == ["minutes", "requests", "operations", "tasks", "waits"]
    assert "GET api/designs/" in answer["requests"]
    assert list(answer["operations"]) == ["upload"]
    assert list(answer["tasks"]) == ["tasks.extract"]
    assert len(answer["waits"]) == 1


def test_one_kind_alone_can_be_asked_for(api: Client) -> None:
    PerformanceMonitor._record_duration("upload", 0.1)
    assert list(api.get(URL, {"kind": "operation"}).json()) == ["minutes", "operations"]


def test_a_platform_without_data_answers_with_empty_parts(api: Client) -> None:
    answer = api.get(URL, {"kind": "operation", "minutes": 5}).json()
    assert answer == {"minutes": 5, "operations": {}}


def test_the_greatest_total_comes_first_and_the_limit_holds(api: Client) -> None:
    for number in range(1, 6):
        PerformanceMonitor._record_duration(f"step {number}", number)
    shown = api.get(URL, {"kind": "operation", "limit": 2}).json()["operations"]
    assert list(shown) == ["step 5", "step 4"]


def test_what_is_older_than_the_window_is_left_out(api: Client, now_ns: int) -> None:
    recorder.record(Request(now_ns - 10 * 60 * 10**9, 5_000_000, "GET", "old/", 200))
    assert "GET old/" not in api.get(URL, {"minutes": 5}).json()["requests"]
    assert "GET old/" in api.get(URL, {"minutes": 15}).json()["requests"]


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("kind", "requests"),
        ("kind", ""),
        ("minutes", "0"),
        ("minutes", "-1"),
        ("minutes", "576001"),
        ("minutes", "1.5"),
        ("minutes", "an hour"),
        ("minutes", "9" * 50),
        ("minutes", "NaN"),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", ""),
        ("limit", "\0"),
        ("limit", "\N{ARABIC-INDIC DIGIT THREE}"),
        ("limit", "1_0"),
        ("minutes", "\N{FULLWIDTH DIGIT FIVE}"),
    ],
)
def test_a_bad_parameter_is_named(api: Client, parameter: str, value: str) -> None:
    response = api.get(URL, {parameter: value})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "error"}
    assert (body["status"], body["title"]) == (400, "Bad Request")
    assert list(body["errors"]) == [parameter]
    assert all(isinstance(message, str) for message in body["errors"][parameter])


def test_every_bad_parameter_is_named(api: Client) -> None:
    assert set(api.get(URL, {"kind": "x", "minutes": "x", "limit": "x"}).json()["errors"]) == {
        "kind",
        "minutes",
        "limit",
    }


def test_a_window_beyond_what_is_kept_is_refused(api: Client, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "MINUTE_RETENTION_HOURS": 2}
    assert api.get(URL, {"minutes": 120}).status_code == 200
    assert "120" in api.get(URL, {"minutes": 121}).json()["errors"]["minutes"][0]


def test_wide_windows_depend_on_what_hours_and_days_are_kept_for(api: Client, settings: Any) -> None:
    assert [api.get(URL, {"minutes": minutes}).status_code for minutes in (1441, 43_200, 576_000)] == [200] * 3
    settings.MONITORING = {**settings.MONITORING, "HOUR_RETENTION_DAYS": 2, "DAY_RETENTION_DAYS": 60}
    asked = (2880, 2881, 43_201, 86_400, 86_401)
    assert [api.get(URL, {"minutes": minutes}).status_code for minutes in asked] == [200, 400, 200, 200, 400]


@pytest.mark.parametrize("minutes", [60, 10_000, 500_000])
def test_windows_of_every_length_show_what_just_happened(api: Client, minutes: int) -> None:
    PerformanceMonitor._record_duration("upload", 0.1)
    assert api.get(URL, {"minutes": minutes}).json()["operations"]["upload"]["count"] == 1


@pytest.mark.parametrize("url", [URL, "/api/monitoring/dashboard/"])
def test_many_names_cost_as_many_queries_as_few(
    api: Client, settings: Any, django_assert_max_num_queries: Any, url: str, now_ns: int
) -> None:
    def queries(count: int) -> int:
        settings.MONITORING = {**settings.MONITORING, "ENABLED": True}
        for number in range(count):
            recorder.record(Task(now_ns, 7_000_000, f"task {number}", "designs", TaskState.SUCCESS, 1_000_000))
            recorder.record(Request(now_ns, 5_000_000, "GET", f"page/{number}/", 200))
            PerformanceMonitor._record_duration(f"step {number}", 0.1)
        settings.MONITORING = {**settings.MONITORING, "ENABLED": False}  # the request itself is not to be folded
        with django_assert_max_num_queries(20) as counted:
            api.get(url)
        return len(counted.captured_queries)

    few = queries(2)
    assert queries(60) == few > 1
