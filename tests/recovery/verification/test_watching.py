"""Signals of cases, taken and judged from what was recorded."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.performance.models import DurationTotal, MinuteRollup
from monitoring.recovery.strategies.base import Case
from monitoring.recovery.verification import CLEARED, PERSISTED, UNKNOWN, Signal, Watched, judge, signal_of, watch
from monitoring.storage import bulk, partitions
from monitoring.storage.names import Name

NOW = datetime(2026, 11, 22, 12, 0, 20, tzinfo=UTC)
SOAK = timedelta(seconds=120)
CART = "GET cart/"
pytestmark = pytest.mark.django_db


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def serve(count: int, seconds: float, failed: int = 0, name: str = CART, kind: str = "request") -> None:
    """Let requests be answered, so many seconds after the soak began, as a drain writes it."""
    known, _ = Name.objects.get_or_create(kind=kind, service="shop", name=name)
    minute = int(at(seconds).timestamp() // 60)
    partitions.ensure(connection, MinuteRollup, [minute])
    values = {"total": [0], "minimum": [0], "maximum": [0], "buckets": [b""]}
    for model, key in ((MinuteRollup, {"name_id": [known.pk], "start": [minute], "shard": [0]}),
                       (DurationTotal, {"name_id": [known.pk], "shard": [0]})):  # fmt: skip
        bulk.add(
            connection, model, {**key, "count": [count], "errors": [failed], **values}, added=["count", "errors"]
        )  # fmt: skip


def fail(group: ErrorGroup, count: int, seconds: float, every: float = 0.1, name: str = CART) -> None:
    """Let errors of a group occur, one after another from so many seconds after the soak began on."""
    times = [at(seconds + number * every) for number in range(count)]
    ErrorLog.objects.bulk_create([ErrorLog(group=group, service="shop", name=name, created=time) for time in times])


def group(**values: Any) -> ErrorGroup:
    return ErrorGroup.objects.create(service="shop", first_seen=NOW, last_seen=NOW, **values)


def case(of: ErrorGroup | None, name: str = CART) -> Case:
    return Case(
        recovery_id=uuid.uuid4(), error_id=uuid.uuid4(), group_id=of.pk if of else None, service="shop",
        environment="production", error_type="ConnectionError", exception_type="", kind="network_error",
        severity="high", message="", fingerprint="f", name=name, occurred=NOW,
    )  # fmt: skip


def watched(signal: Signal, late: float = 0) -> Watched:
    return watch(Signal.from_json(signal.as_json()), NOW, NOW + SOAK, NOW + SOAK + timedelta(seconds=late))


@pytest.fixture
def broken() -> ErrorGroup:
    """Half of ten requests a second have failed for 20 seconds, after nothing did for four minutes."""
    made = group()
    serve(2_400, -250)
    serve(200, -10, failed=100)
    fail(made, 100, -20, every=0.2)
    return made


def test_a_signal_tells_how_it_was_before(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    assert (signal.errors, signal.own, signal.counted, signal.failed) == (100, True, 2_600, 100)
    assert signal.rate == pytest.approx(10, rel=0.25)
    assert signal.share == pytest.approx(0.5, rel=0.25)
    assert signal.others == 0


def test_errors_that_end_while_requests_go_on_have_cleared(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    fail(broken, 20, 0)  # what was under way
    serve(1_200, 60, failed=20)
    found = watched(signal)
    assert (found.outcome, found.facts["errors"], found.facts["traffic"]) == (CLEARED, 0, 1_200)
    assert judge(signal, NOW, NOW + SOAK, NOW + SOAK) == CLEARED


def test_errors_that_go_on_have_persisted(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    fail(broken, 600, 0, every=0.2)
    serve(1_200, 60, failed=600)
    assert watched(signal).outcome == PERSISTED


def test_errors_of_a_group_that_was_merged_meanwhile_are_counted_too(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    other = group()
    ErrorGroup.objects.filter(pk=broken.pk).update(merged_into=other)
    fail(other, 450, 30, every=0.2)
    serve(1_200, 60, failed=450)
    assert watched(signal).outcome == PERSISTED


def test_errors_elsewhere_are_another_signal(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    fail(broken, 450, 30, every=0.2, name="GET orders/")
    serve(1_200, 60)
    assert watched(signal).outcome == CLEARED


def test_requests_that_an_open_circuit_refuses_have_not_cleared(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    fail(group(), 1_200, 0)  # the refusals are a group of their own
    serve(1_200, 60, failed=1_200)
    assert watched(signal).outcome == PERSISTED


def test_where_nobody_comes_any_more_nothing_is_known(broken: ErrorGroup) -> None:
    found = watched(signal_of(case(broken), NOW))
    assert (found.outcome, found.facts["traffic"]) == (UNKNOWN, 0)


def test_who_is_late_to_judge_counts_no_errors_of_later_and_only_its_part_of_the_traffic(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    serve(12_000, 600)
    fail(broken, 50, 900)
    found = watched(signal, late=1_080)
    assert (found.outcome, found.facts["traffic"]) == (CLEARED, 1_200)


def test_before_the_soak_is_over_nothing_is_judged(broken: ErrorGroup) -> None:
    signal = signal_of(case(broken), NOW)
    serve(1_200, 60)
    assert judge(signal, NOW, NOW + SOAK, NOW + SOAK / 2) == UNKNOWN


def test_the_first_error_of_a_route_is_judged_by_few_requests() -> None:
    made = group()
    fail(made, 1, -0.3)
    serve(1, -0.3, failed=1)
    signal = signal_of(case(made), NOW)
    serve(4, 60)
    assert watched(signal).outcome == CLEARED


def test_an_error_of_a_logger_is_judged_by_the_traffic_of_its_service() -> None:
    made = group(kind="log")
    serve(600, -30)
    fail(made, 60, -20, name="shop.stock")
    signal = signal_of(case(made, "shop.stock"), NOW)
    assert (signal.own, signal.counted) == (False, 600)
    serve(1_200, 60)
    assert watched(signal).outcome == CLEARED


def test_a_task_is_judged_by_its_own_executions_and_not_by_its_waits() -> None:
    made = group()
    serve(100, -10, failed=50, name="shop.mail", kind="task")
    serve(100, -10, name="shop.mail", kind="wait")
    fail(made, 50, -20, name="shop.mail")
    signal = signal_of(case(made, "shop.mail"), NOW)
    assert (signal.own, signal.counted, signal.failed) == (True, 100, 50)


def test_of_an_error_without_a_group_nothing_is_known() -> None:
    signal = signal_of(case(None), NOW)
    serve(1_200, 60)
    assert watched(signal).outcome == UNKNOWN


def test_the_number_of_queries_is_that_of_a_signal_not_of_its_errors(
    broken: ErrorGroup, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(7):
        signal = signal_of(case(broken), NOW)
    serve(1_200, 60)
    with django_assert_max_num_queries(9):
        watched(signal)


def test_a_route_that_has_not_been_counted_yet_is_not_taken_for_one_without_traffic(broken: ErrorGroup) -> None:
    serve(600, 300)
    signal = signal_of(replace(case(broken, "GET new/"), route="new/"), NOW)
    assert (signal.own, signal.counted) == (True, 0)
    serve(600, 60)
    assert watched(signal).outcome == UNKNOWN


def test_what_a_logger_says_under_another_name_is_the_same_trouble(broken: ErrorGroup) -> None:
    ErrorLog.objects.all().delete()
    serve(600, -300)
    fail(broken, 100, -60, every=0.5, name="shop.payments")
    signal = signal_of(case(broken, "shop.payments"), NOW)
    assert not signal.own
    serve(180, 60)
    fail(ErrorGroup.objects.create(service="shop", first_seen=at(5), last_seen=at(5)), 90, 10, name="shop.payments")
    assert watched(signal).outcome == PERSISTED
