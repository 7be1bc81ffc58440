"""New groups are bounded: beyond them, errors of causes that nobody knows yet are counted in one of the service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.statements import counting
from monitoring.errors.bugs.wanting import NEVER
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint, GroupHour
from monitoring.errors.models import ErrorLog
from monitoring.intake.connections import write_connection
from monitoring.metrics.reader import totals
from monitoring.recording import wire
from monitoring.stream.streams import FACTS
from tests.pipeline import drain_all

from .events import HOUR, Shop, error, now, repetition

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]
Allow = Callable[..., None]


@pytest.fixture
def allow(settings: Any) -> Allow:
    def allow(groups: int, **others: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, "GROUPS_PER_HOUR": groups, **others}

    return allow


def errors(first: int, count: int, **values: Any) -> list[wire.Record]:
    """Errors each of which has a cause of its own."""
    return [error(f"step_{number}", **values) for number in range(first, first + count)]


def counts() -> list[int]:
    """How often each group occurred, but for the one in which the rest is counted."""
    return sorted(ErrorGroup.objects.exclude(error_type="overflow").values_list("count", flat=True))


def overflow(service: str = "enginel") -> ErrorGroup:
    return ErrorGroup.objects.get(fingerprints__fingerprint="overflow", service=service)


def test_errors_beyond_the_groups_of_an_hour_are_counted_and_logged_in_one(allow: Allow) -> None:
    allow(3)
    before = totals("intake").get("groups_folded", 0)

    Shop().send(*errors(0, 5))
    drain_all(FACTS)

    group = overflow()
    assert counts() == [1, 1, 1]
    assert (group.count, group.title) == (2, "Errors beyond 3 new groups in an hour")
    assert sum(GroupHour.objects.values_list("count", flat=True)) == 5
    assert ErrorLog.objects.filter(group=group).count() == 2
    assert len(set(ErrorLog.objects.values_list("fingerprint", flat=True))) == 5
    assert GroupFingerprint.objects.count() == 4
    assert totals("intake")["groups_folded"] - before == 2


def test_the_drains_of_an_hour_share_its_groups_and_known_errors_go_on_to_be_counted_in_theirs(allow: Allow) -> None:
    allow(3)
    shop, moment = Shop(), now()

    for first in (0, 2, 4):
        shop.send(*errors(first, 2, at=moment))
        drain_all(FACTS)
    shop.send(*errors(0, 6, at=moment))
    drain_all(FACTS)

    assert (counts(), overflow().count) == ([2, 2, 2], 6)


def test_in_another_hour_they_have_groups_of_their_own(allow: Allow) -> None:
    allow(1)
    shop, moment = Shop(), now()
    shop.send(*errors(0, 2, at=moment - 2 * HOUR))
    drain_all(FACTS)

    shop.send(*errors(0, 2, at=moment))
    drain_all(FACTS)

    assert (counts(), overflow().count) == ([1, 2], 1)


def test_one_batch_with_errors_of_several_hours_has_the_groups_of_each(allow: Allow) -> None:
    allow(1)
    moment = now()

    Shop().send(*errors(0, 2, at=moment - 2 * HOUR), *errors(2, 2, at=moment))
    drain_all(FACTS)

    assert (counts(), overflow().count) == ([1, 1], 2)


def test_services_do_not_take_groups_from_each_other(allow: Allow) -> None:
    allow(2)

    Shop(service="billing").send(*errors(0, 4))
    Shop().send(*errors(0, 3))
    drain_all(FACTS)

    assert counts() == [1, 1, 1, 1]
    assert (overflow("billing").count, overflow().count) == (2, 1)


def test_repetitions_of_what_has_no_group_are_counted_with_the_rest(allow: Allow) -> None:
    allow(1)

    Shop().send(error("known"), repetition("f" * 16), repetition("f" * 16))
    drain_all(FACTS)

    assert (counts(), overflow().count) == ([1], 2)


def test_the_rest_never_wants_a_bug(allow: Allow, settings: Any) -> None:
    allow(1)
    settings.ERROR_TRACKING = {"AUTO_CREATE_BUGS": True, "BUG_THRESHOLD": 1}
    shop = Shop()

    for _turn in range(2):
        shop.send(*errors(0, 4))
        drain_all(FACTS)

    states = sorted(ErrorGroup.objects.values_list("count", "bug_state"))
    assert states == [(2, "wanted"), (6, NEVER)]


def test_rules_do_not_bind_what_has_no_group_to_the_rest(allow: Allow) -> None:
    allow(1, FINGERPRINT_RULES=[{"match": {"type": "OutOfStock"}, "fingerprint": ["{default}", "{name}"]}])
    shop, moment = Shop(), now()
    shop.send(*errors(0, 2, at=moment - 2 * HOUR))
    drain_all(FACTS)
    assert set(GroupFingerprint.objects.filter(group=overflow()).values_list("fingerprint", flat=True)) == {"overflow"}

    shop.send(*errors(1, 1, at=moment))
    drain_all(FACTS)

    assert (counts(), overflow().count) == ([1, 1], 1)


def test_what_is_beyond_costs_the_same_number_of_statements(allow: Allow) -> None:
    allow(1)
    shop = Shop()
    shop.send(*errors(0, 2))
    drain_all(FACTS)

    def cost(first: int, count: int) -> int:
        shop.send(*errors(first, count))
        with counting(write_connection()) as seen:
            drain_all(FACTS)
        return len(seen)

    assert cost(10, 3) == cost(20, 200)
    assert overflow().count == 1 + 3 + 200
