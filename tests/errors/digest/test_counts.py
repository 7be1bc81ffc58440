"""Every error is counted once and logged once: in full or slim, in groups, hours, releases and users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint, GroupHour, GroupRelease, Release
from monitoring.errors.models import ErrorLog
from monitoring.intake.drain import drain
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import HOUR, Shop, error, now, repetition
from tests.pipeline import client, drain_all, intake

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]


def fingerprint() -> str:
    return GroupFingerprint.objects.order_by("pk")[0].fingerprint


def test_errors_of_one_cause_are_one_group_whose_sums_are_exact(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RELEASE": "1.0"}
    shop, moment = Shop(), now()
    shop.send(error(at=moment - 2 * HOUR, user="7"), error(at=moment, user="8", message="out of nuts"))
    drain_all(FACTS)
    shop.send(*[repetition(fingerprint(), user=str(number % 5)) for number in range(40)])
    drain_all(FACTS)
    group = ErrorGroup.objects.get()
    assert (group.count, group.users, group.kind) == (42, 7, "exception")
    assert group.first_seen < group.last_seen
    assert sum(GroupHour.objects.values_list("count", flat=True)) == 42
    assert GroupRelease.objects.get().count == 42
    assert (group.first_release, group.last_release, Release.objects.get().release) == ("1.0", "1.0", "1.0")
    assert ErrorLog.objects.filter(group=group).count() == 42
    assert ErrorLog.objects.exclude(kept="").count() == 2


def test_other_services_have_groups_of_their_own() -> None:
    Shop().send(error())
    Shop(service="billing").send(error())
    drain_all(FACTS)
    assert sorted(ErrorGroup.objects.values_list("service", "count")) == [("billing", 1), ("enginel", 1)]


def test_repetitions_whose_first_was_lost_are_counted_and_described_when_one_comes_in_full() -> None:
    shop = Shop()
    shop.send(error())
    drain_all(FACTS)
    known = fingerprint()
    ErrorGroup.objects.all().delete()
    shop.send(repetition(known), repetition(known))
    drain_all(FACTS)
    group = ErrorGroup.objects.get()
    assert (group.count, group.title, group.name) == (2, "", "POST orders/")
    shop.send(error())
    drain_all(FACTS)
    group.refresh_from_db()
    assert (group.count, group.title) == (3, "OutOfStock: out of bolts")


def test_repetitions_whose_place_nobody_knows_are_counted_by_what_failed() -> None:
    Shop().send(repetition(""), repetition(""), repetition("", name="shop.bill"))
    drain_all(FACTS)
    assert sorted(ErrorGroup.objects.values_list("name", "count")) == [("POST orders/", 2), ("shop.bill", 1)]


def test_what_is_in_a_late_batch_does_not_turn_the_clock_of_a_group() -> None:
    shop, moment = Shop(), now()
    shop.send(error(at=moment))
    drain_all(FACTS)
    last = ErrorGroup.objects.get().last_seen
    shop.send(error(at=moment - 5 * HOUR))
    drain_all(FACTS)
    group = ErrorGroup.objects.get()
    assert group.last_seen == last
    assert (last - group.first_seen).total_seconds() == pytest.approx(5 * 3600, abs=1)


def test_errors_are_kept_by_value_and_slim_rows_still_resolve() -> None:
    shop = Shop()
    for _ in range(6):
        shop.send(*[error() for _ in range(100)])
    drain_all(FACTS)
    kept = ErrorLog.objects.exclude(kept="")
    assert 40 < kept.count() < 160
    assert kept.filter(kept="new").count() == 1
    slim = ErrorLog.objects.filter(kept="").first()
    assert slim is not None
    assert (slim.chain, slim.traceback, slim.message) == ([], "", "")
    assert (slim.error_type, slim.group.count) == ("OutOfStock", 600)  # type: ignore[union-attr]


def test_the_first_of_a_release_is_kept_as_a_turning_point() -> None:
    old, new = Shop(release="1.0"), Shop(release="2.0")
    old.send(*[error() for _ in range(100)])
    drain_all(FACTS)
    new.send(error())
    drain_all(FACTS)
    assert ErrorLog.objects.get(release="2.0").kept == "turning"
    assert ErrorGroup.objects.get().last_release == "2.0"


def test_a_group_wants_a_bug_from_the_threshold_on(settings: Any) -> None:
    settings.ERROR_TRACKING = {"BUG_THRESHOLD": 3}
    shop, due = Shop(), intake(FACTS)
    shop.send(error(), error())
    drain(due, client())
    assert (ErrorGroup.objects.get().bug_state, due.due) == ("candidate", {"alerts"})
    shop.send(error())
    drain(due, client())
    assert (ErrorGroup.objects.get().bug_state, due.due) == ("wanted", {"alerts", "bugs"})


def test_no_group_wants_a_bug_where_none_are_made(settings: Any) -> None:
    settings.ERROR_TRACKING = {"AUTO_CREATE_BUGS": False}
    Shop().send(error())
    drain_all(FACTS)
    assert ErrorGroup.objects.get().bug_state == ""


def test_the_number_of_statements_does_not_grow_with_the_errors(
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    statements = []
    for count in (2, 120):
        shop = Shop()
        shop.send(*[error(f"f{'x' * number}", user=str(number)) for number in range(count)])
        with django_assert_max_num_queries(60) as captured:
            drain_all(FACTS)
        statements.append(len(captured.captured_queries))
    assert statements[1] <= statements[0] + 4
