"""Rules about requests, operations and tasks."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.storage.names import Name

from .rows import durations, found, hour, result

pytestmark = pytest.mark.django_db
ROUTE, OTHER = "GET api/carts/", "GET api/orders/"


def test_a_quantile_over_the_threshold_is_found_for_its_route() -> None:
    durations("request", ROUTE, 100, seconds=3)
    durations("request", OTHER, 100)
    (sample,) = found("latency", {"threshold_seconds": 2.5})
    assert sample.labels == {"route": ROUTE, "service": "shop"}
    assert sample.value == pytest.approx(3)
    assert sample.summary == f"p95 of {ROUTE} is 3 s"


def test_minutes_of_all_shards_are_merged_before_a_quantile_is_taken() -> None:
    durations("request", ROUTE, 96, minutes_ago=1)
    durations("request", ROUTE, 4, minutes_ago=2, seconds=60)
    assert not found("latency", {"threshold_seconds": 1, "quantile": "p95"})
    assert found("latency", {"threshold_seconds": 1, "quantile": "p99"})


def test_tasks_their_waits_and_operations_are_judged_apart() -> None:
    for kind in ("task", "wait", "operation"):
        durations(kind, "shop.pay", 20, seconds=9)
    labels = {
        of: found("latency", {"threshold_seconds": 5, "of": of})[0].labels for of in ("task", "wait", "operation")
    }
    assert [set(one) for one in labels.values()] == [{"task", "service"}, {"task", "service"}, {"operation", "service"}]
    assert not found("latency", {"threshold_seconds": 5, "of": "task", "names": ["other.*"]})
    assert not found("latency", {"threshold_seconds": 5, "of": "task"}, filters={"service": ["other"]})


def test_few_occurrences_are_not_judged() -> None:
    durations("request", ROUTE, 19, errors=19, seconds=9)
    assert not found("latency", {"threshold_seconds": 1})
    assert not found("request_error_rate", {"threshold": 0.1})
    assert found("latency", {"threshold_seconds": 1}, min_count=19)
    assert found("request_error_rate", {"threshold": 0.1}, min_count=19)


def test_failing_requests_are_found_by_route_service_or_in_all() -> None:
    durations("request", ROUTE, 50, 10)
    durations("request", OTHER, 50)
    (sample,) = found("request_error_rate", {"threshold": 0.2})
    assert (sample.labels["route"], sample.value, sample.count) == (ROUTE, 0.2, 10)
    assert sample.summary == f"20 % of requests fail: {ROUTE}"
    by_service = found("request_error_rate", {"threshold": 0.1, "group_by": "service"})
    assert [(one.labels, one.value) for one in by_service] == [({"service": "shop"}, 0.1)]
    (whole,) = found("request_error_rate", {"threshold": 0.1, "group_by": "all"})
    assert (whole.labels, whole.summary) == ({}, "10 % of requests fail: all")
    assert not found("request_error_rate", {"threshold": 0.21})
    assert not found("request_error_rate", {"threshold": 0.1}, filters={"route": ["api/orders/"]})


def test_failing_tasks_are_found() -> None:
    durations("task", "shop.pay", 10, 5)
    durations("task", "shop.pay", 90, 90, minutes_ago=30)
    (sample,) = found("task_failure_rate", {"threshold": 0.5, "names": ["shop.*"]})
    assert sample.labels == {"task": "shop.pay", "service": "shop"}


def test_where_nothing_was_recorded_at_all_data_is_missing() -> None:
    assert result("request_error_rate", {"threshold": 0.5}).missing
    durations("request", ROUTE, 1)
    assert not result("request_error_rate", {"threshold": 0.5}).missing


BURN = {"objective": 0.99}


def test_a_budget_burns_when_both_windows_burn() -> None:
    durations("request", ROUTE, 800, minutes_ago=40)
    durations("request", ROUTE, 200, 200, minutes_ago=2)
    (sample,) = found("slo_burn_rate", BURN)
    assert sample.value == pytest.approx(20)
    assert sample.summary == "The error budget burns 20 times as fast as allowed: shop"


def test_a_budget_that_was_burned_an_hour_ago_burns_no_more() -> None:
    durations("request", ROUTE, 200, 200, minutes_ago=40)
    durations("request", ROUTE, 800, minutes_ago=2)
    assert not found("slo_burn_rate", BURN)


def test_a_short_burst_that_costs_little_of_the_budget_is_none() -> None:
    durations("request", ROUTE, 9000, minutes_ago=40)
    durations("request", ROUTE, 100, 100, minutes_ago=2)
    assert not found("slo_burn_rate", BURN)


def test_while_nothing_burns_the_long_window_is_not_read(django_assert_num_queries: Any) -> None:
    durations("request", ROUTE, 9000, 5, minutes_ago=2)
    with django_assert_num_queries(2):
        assert not result("slo_burn_rate", BURN).missing


def test_few_requests_burn_nothing() -> None:
    durations("request", ROUTE, 99, 99)
    assert not found("slo_burn_rate", BURN)


def test_long_windows_are_read_from_minutes_and_hours_and_nothing_is_counted_twice() -> None:
    """It is 12:00:30, so that six hours begin at 06:00:30, and hours are read from 07:00 to 11:00."""
    for hours_ago in range(1, 9):
        hour("request", ROUTE, 100, 10, hours_ago=hours_ago)
    durations("request", ROUTE, 7, 7, minutes_ago=361)  # 05:59, before the window
    durations("request", ROUTE, 100, 10, minutes_ago=359)  # 06:01, of the hour that the window begins in
    durations("request", ROUTE, 100, 10, minutes_ago=30)
    durations("request", ROUTE, 100, 10, minutes_ago=1)
    (sample,) = found("slo_burn_rate", {**BURN, "windows": "6h/30m"})
    assert sample.evidence["total"] == 700
    assert sample.value == pytest.approx(10)


def test_of_what_minutes_are_kept_no_more_hours_tell() -> None:
    for hours_ago in range(1, 80):
        hour("request", ROUTE, 100, 2, hours_ago=hours_ago)
    durations("request", ROUTE, 100, 2)
    (sample,) = found("slo_burn_rate", {**BURN, "windows": "3d/6h"})
    assert sample.evidence["total"] == 72 * 100


def test_a_route_that_fell_silent_is_found() -> None:
    hour("request", ROUTE, 5, hours_ago=5)
    hour("request", OTHER, 5, hours_ago=5)
    hour("request", "GET api/old/", 5, hours_ago=30)
    durations("request", OTHER, 1, minutes_ago=3)
    (sample,) = found("no_data", {"names": ["api/*"]})
    assert sample.labels == {"route": ROUTE, "service": "shop"}
    assert sample.summary == f"Nothing was heard of {ROUTE} for 10 minutes"


def test_a_service_that_fell_silent_is_found() -> None:
    hour("request", ROUTE, 5, hours_ago=5, service="billing")
    durations("request", ROUTE, 5)
    assert [one.labels for one in found("no_data", {"names": ["*"], "of": "service"})] == [{"service": "billing"}]


def test_what_is_named_is_expected_even_if_it_never_was() -> None:
    Name.objects.create(kind="task", service="shop", name="shop.old")
    expected = {"names": ["shop.pay", "shop.old", "shop.x*"], "of": "task"}
    assert [one.labels for one in found("no_data", expected)] == [{"task": "shop.old"}, {"task": "shop.pay"}]
    durations("task", "shop.pay", 1)
    assert [one.labels for one in found("no_data", expected)] == [{"task": "shop.old"}]
