"""Errors, groups and bugs are counted once each, whatever travels, is merged or comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import actions, merging
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.errors.tally import totals
from monitoring.errors.tally.models import ErrorTotal
from monitoring.storage.names import OTHER
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import HOUR, Shop, error, now, repetition
from tests.errors.groups.making import scope
from tests.pipeline import drain_all

from .conftest import Samples, series

pytestmark = pytest.mark.usefixtures("redis_client", "db")
Read = Callable[[], Samples]


def sums(found: Samples, name: str) -> int:
    return int(sum(value for (title, _), value in found.items() if title == name))


def test_every_error_is_counted_once_in_full_or_as_a_repetition(samples: Read) -> None:
    shop, other = Shop(), Shop(service="stock")
    shop.send(
        error("buy", severity="critical"),
        error("sell", severity="low", handled=True),
        error("sell", severity="high", handled=True),
    )
    fields = other.fields(error("count", severity="high"))
    other.source.put(fields)
    other.source.put(fields)  # an unknown outcome is resent
    drain_all(FACTS)
    fingerprint = GroupFingerprint.objects.get(group__culprit__endswith="buy").fingerprint
    shop.send(*[repetition(fingerprint) for _ in range(7)])
    drain_all(FACTS)
    found = samples()
    assert series(found, "enginel_errors_total", service="enginel", severity="critical") == 8
    assert series(found, "enginel_errors_total", service="enginel", severity="low") == 1
    assert series(found, "enginel_errors_total", service="enginel", severity="high") == 1
    assert series(found, "enginel_errors_total", service="stock", severity="high") == 1
    assert series(found, "enginel_errors_total", service="stock", severity="low") == 0
    assert sums(found, "enginel_errors_total") == 11
    assert series(found, "enginel_error_groups_new_total", service="enginel", severity="critical") == 1
    assert sums(found, "enginel_error_groups_new_total") == 3


def test_there_are_zeros_before_the_first_error(samples: Read) -> None:
    found = samples()
    for name in ("errors", "error_groups_new", "error_regressions"):
        for severity in ("critical", "high", "medium", "low"):
            assert series(found, f"enginel_{name}_total", service="enginel", severity=severity) == 0
    assert series(found, "enginel_error_groups", status="regressed") == 0
    assert series(found, "enginel_bugs", status="open") == 0


def test_groups_are_counted_with_what_is_merged_into_them_and_bugs_unless_deleted(samples: Read) -> None:
    Shop().send(*(error(name) for name in ("buy", "sell", "lend")))
    drain_all(FACTS)
    one, two, three = ErrorGroup.objects.order_by("pk")
    actions.ignore([three.pk], actions.Ignoring(), None)
    merging.merge(one.pk, [two.pk], None)
    for number in (1, 2):
        KnownBug.objects.create(bug_id=f"B-00{number}", title="x", fingerprint=f"f{number}")
    KnownBug.objects.get(bug_id="B-002").delete()
    found = samples()
    assert series(found, "enginel_error_groups", status="unresolved") == 1
    assert series(found, "enginel_error_groups", status="ignored") == 1
    assert series(found, "enginel_bugs", status="open") == 1
    assert sums(found, "enginel_error_groups_new_total") == 3


def test_what_comes_back_is_a_regression_once(samples: Read) -> None:
    shop = Shop()
    shop.send(error(severity="high"))
    drain_all(FACTS)
    actions.resolve([ErrorGroup.objects.get().pk], None)
    for _ in range(2):
        shop.send(error(at=now() + HOUR // 60))
        drain_all(FACTS)
    found = samples()
    assert series(found, "enginel_error_regressions_total", service="enginel", severity="high") == 1
    assert series(found, "enginel_error_groups", status="regressed") == 1
    assert sums(found, "enginel_error_groups_new_total") == 1


def test_services_beyond_the_limit_are_counted_together() -> None:
    bounded = replace(scope(), label_sets=2)

    def add(**counts: Any) -> None:
        totals.add({(totals.ERROR, service, "high"): count for service, count in counts.items()}, bounded)

    add(a=1)
    add(a=1, b=2, c=4, d=8)
    add(c=16, b=32)
    add()
    assert {service: count for (_, service, _), count in totals.read().items()} == {"a": 2, "b": 34, OTHER: 28}
    totals.add({(totals.ERROR, "a", "high"): 1}, replace(bounded, shard=1))
    assert totals.read()[totals.ERROR, "a", "high"] == 3
    assert ErrorTotal.objects.count() == 4
