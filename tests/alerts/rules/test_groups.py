"""Rules about errors: new groups, regressions, and counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.alerts.rules import evaluation
from monitoring.errors import ErrorTracker
from monitoring.errors.groups.models import ErrorGroup, GroupStatus

from .rows import NOW, ago, errors, found, group, result, rule

pytestmark = pytest.mark.django_db
NEW = "new_group"


def test_a_new_group_is_an_event_that_people_can_read() -> None:
    one = group()
    (sample,) = found(NEW)
    assert sample.event
    assert sample.labels == {
        "group": str(one.pk),
        "service": "shop",
        "environment": "production",
        "route": "GET api/carts/",
        "type": "CartError",
    }
    assert sample.summary == "New error: CartError in GET api/carts/"
    assert sample.evidence["group_id"] == one.pk


def test_a_group_is_new_for_as_long_as_the_window() -> None:
    group(created=ago(seconds=3601))
    group(created=None)
    assert not found(NEW)
    assert found(NEW, {"window_seconds": 7200})


def test_a_group_whose_first_error_waited_long_in_redis_is_new_all_the_same() -> None:
    group(created=ago(seconds=5), first_seen=ago(hours=5))
    assert found(NEW)


@pytest.mark.parametrize("status", [GroupStatus.RESOLVED, GroupStatus.RESOLVED_IN_RELEASE, GroupStatus.IGNORED])
def test_a_group_about_which_somebody_decided_is_over(status: str) -> None:
    group(status=status)
    assert not found(NEW)


def test_a_group_that_was_merged_into_another_is_over() -> None:
    root = group(created=ago(days=1))
    group(merged_into=root)
    assert not found(NEW)


@pytest.mark.parametrize(
    ("params", "filters"),
    [
        ({"severities": ["critical"]}, {}),
        ({"types": ["OtherError", "other.*"]}, {}),
        ({}, {"service": ["other"]}),
        ({}, {"environment": ["staging"]}),
        ({}, {"release": ["2.*"]}),
        ({}, {"route": ["api/orders/*"]}),
    ],
)
def test_a_group_beside_what_the_rule_looks_at_is_not_found(params: Any, filters: Any) -> None:
    group(first_release="1.0")
    assert not found(NEW, params, filters=filters)
    assert found(NEW, {"severities": ["high"], "types": ["shop.*"]}, filters={"route": ["api/c*"], "release": ["1.?"]})


def test_after_an_outage_of_the_evaluator_nothing_is_lost() -> None:
    group(created=ago(hours=9))
    assert not result(NEW).samples
    assert result(NEW, since=ago(hours=9)).samples
    assert not result(NEW, since=ago(hours=8)).samples


def test_a_group_of_which_only_repetitions_came_so_far_waits_for_its_description() -> None:
    group(error_type="", title="", created=ago(seconds=5))
    assert not found(NEW)
    assert found(NEW, at=NOW + timedelta(minutes=1))


def test_a_regression_is_an_event_until_somebody_decides_anew() -> None:
    one = group(status=GroupStatus.REGRESSED, status_at=ago(minutes=10), created=ago(days=9), last_release="2.0")
    (sample,) = found("regression", filters={"release": ["2.*"]})
    assert sample.event
    assert sample.summary == "Resolved, but it occurs again: CartError in GET api/carts/"
    assert not found("regression", {"window_seconds": 300}, at=NOW + timedelta(minutes=5))
    one.status = GroupStatus.RESOLVED
    one.save()
    assert not found("regression")


def count(threshold: float, **params: Any) -> list[Any]:
    return found("error_count", {"threshold": threshold, **params})


def test_errors_of_a_group_are_counted_in_the_window() -> None:
    one = group(count=1234)
    errors(one, 3, minutes_ago=0)
    errors(one, 2, minutes_ago=9)
    errors(one, 50, minutes_ago=11)
    (sample,) = count(5)
    assert (sample.value, sample.count, sample.event) == (5, 1234, False)
    assert sample.summary == "5 errors within 10 minutes: CartError in GET api/carts/"
    assert not count(6)
    errors(group(title="Boom"), 1, severity="low")
    assert count(1, severities=["low"])[0].summary == "1 error within 10 minutes: Boom"


def test_errors_of_each_group_are_counted_by_themselves() -> None:
    for name in ("a", "b"):
        errors(group(name=name), 3)
    assert not count(6)
    assert len(count(3)) == 2
    assert [one.value for one in count(6, group_by="all")] == [6]
    assert [one.labels for one in count(6, group_by="service")] == [{"service": "shop"}]
    assert [one.labels["route"] for one in count(3, group_by="route")] == ["a", "b"]
    assert [one.labels["type"] for one in count(6, group_by="type")] == ["CartError"]


def test_a_merged_group_counts_for_the_group_that_it_is_merged_into() -> None:
    root = group(count=100, last_seen=ago(hours=1))
    errors(root, 2)
    errors(group(merged_into=root, count=30), 3)
    (sample,) = count(5)
    assert (sample.labels["group"], sample.value, sample.count) == (str(root.pk), 5, 130)
    ErrorGroup.objects.filter(pk=root.pk).update(status=GroupStatus.IGNORED)
    assert not count(1)


@pytest.mark.parametrize("group_by", ["group", "all"])
def test_what_people_ignore_or_resolved_does_not_count(group_by: str) -> None:
    for status in (GroupStatus.IGNORED, GroupStatus.RESOLVED):
        errors(group(status=status), 9)
    assert not count(1, group_by=group_by)


def test_errors_can_be_told_apart_by_all_that_is_counted() -> None:
    one = group()
    errors(one, 4, severity="critical", name="GET api/pay/", environment="staging", release="2.0")
    errors(one, 3)
    assert count(1, severities=["critical"])[0].value == 4
    for name, pattern in {"route": "api/pay/", "environment": "stag*", "release": "2.*"}.items():
        assert found("error_count", {"threshold": 1}, filters={name: [pattern]})[0].value == 4
    assert count(1, types=["Cart*"])[0].value == 7
    assert count(1, types=["internal_error"])[0].value == 7
    assert not count(1, types=["Other*"])


def test_a_rate_is_by_minute_of_the_time_that_is_covered() -> None:
    errors(group(), 42, minutes_ago=3)
    (sample,) = count(4, unit="per_minute")
    assert sample.value == pytest.approx(42 / 10.5)
    assert not count(4.1, unit="per_minute")


def test_a_fewest_count_holds_back_a_rate() -> None:
    errors(group(), 42)
    assert not found("error_count", {"threshold": 1, "unit": "per_minute"}, min_count=43)


def test_rules_of_one_round_share_what_they_read(django_assert_num_queries: Any) -> None:
    errors(group(), 1)
    shared: dict[Any, Any] = {}
    evaluation.read(rule("error_count", {"threshold": 5}), NOW, shared=shared)
    with django_assert_num_queries(0):
        evaluation.read(rule("error_count", {"threshold": 6}), NOW, shared=shared)


def test_the_rules_own_labels_and_template_are_used() -> None:
    errors(group(), 5)
    told = {"labels": {"team": "carts", "service": "x"}, "summary": "{team}: {type} {value}x in {service} {nothing}"}
    (sample,) = found("error_count", {"threshold": 5}, **told)
    assert sample.summary == "carts: CartError 5x in shop {nothing}"
    assert sample.labels["team"] == "carts"


def test_what_was_just_recorded_is_new(eager: None) -> None:
    before = datetime.now(UTC)
    try:
        raise LookupError("no such cart")
    except LookupError as error:
        ErrorTracker.log_error(error, severity="CRITICAL")
    one = ErrorGroup.objects.get()
    assert one.created is not None
    assert one.created >= before - timedelta(milliseconds=1)
    at = one.created + timedelta(seconds=1)
    assert [sample.labels["type"] for sample in found(NEW, {"severities": ["critical"]}, at=at)] == ["LookupError"]
    assert [sample.value for sample in found("error_count", {"threshold": 1}, at=at)] == [1]
