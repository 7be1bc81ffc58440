"""Errors are counted by minute, so that alert rules can look at a window."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.errors.tally import minutes
from monitoring.errors.tally.models import ErrorMinute
from monitoring.intake.commit import new_scope
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import MINUTE, Shop, error, now, repetition
from tests.pipeline import drain_all, intake

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]


def this_minute() -> int:
    return now() // MINUTE


def test_a_window_tells_errors_by_group_severity_name_environment_and_release() -> None:
    shop, moment = Shop(), now()
    shop.send(error(at=moment - 5 * MINUTE), error(at=moment), error(at=moment, severity="critical"))
    drain_all(FACTS)
    (group,) = ErrorGroup.objects.all()

    found = minutes.read(moment // MINUTE, moment // MINUTE + 1)

    assert {(one.severity, one.count) for one in found} == {(group.severity, 1), ("critical", 1)}
    (one, _) = found
    assert (one.group_id, one.service, one.name) == (group.pk, group.service, group.name)
    assert (one.environment, one.release) == ("production", "1.0")
    assert sum(one.count for one in minutes.read(this_minute() - 10, this_minute() + 1)) == 3


def test_repetitions_count_with_the_severity_and_environment_of_their_group() -> None:
    shop = Shop()
    shop.send(error())
    drain_all(FACTS)
    known = GroupFingerprint.objects.order_by("pk")[0].fingerprint
    shop.send(*[repetition(known) for _ in range(40)])
    drain_all(FACTS)

    found = minutes.read(this_minute() - 1, this_minute() + 1)

    assert sum(one.count for one in found) == 41
    assert {(one.severity, one.environment) for one in found} == {(ErrorGroup.objects.get().severity, "production")}


def test_what_is_merged_counts_for_its_root() -> None:
    Shop().send(error(), error("sell"))
    drain_all(FACTS)
    root, member = ErrorGroup.objects.order_by("pk")
    ErrorGroup.objects.filter(pk=member.pk).update(merged_into=root)

    assert {one.group_id for one in minutes.read(this_minute() - 1, this_minute() + 1)} == {root.pk}


def test_ever_new_names_of_one_group_do_not_make_rows_without_end() -> None:
    shop = Shop()
    shop.send(error())
    drain_all(FACTS)
    known = GroupFingerprint.objects.order_by("pk")[0].fingerprint
    shop.send(*[repetition(known, name=f"/x/{number}/") for number in range(300)])
    drain_all(FACTS)

    found = minutes.read(this_minute() - 1, this_minute() + 1)

    assert sum(one.count for one in found) == 301
    assert ErrorMinute.objects.count() < 110  # 51 a minute, should it have changed meanwhile
    assert sum(one.count for one in found if one.name == "<other>") >= 200


def test_minutes_are_dropped_after_their_retention(settings: Any) -> None:
    hours = get_config().minute_retention_hours
    old = this_minute() - (hours + 30) * 60
    Shop().send(error())
    drain_all(FACTS)
    minutes.make_room([old], new_scope(intake(FACTS)))
    ErrorMinute.objects.create(start=old, group_id=1, severity="", name="", environment="", release="", count=1)

    minutes.prune(get_config())

    (left,) = ErrorMinute.objects.all()
    assert left.start > old
