"""What a drain of errors asks of the database: no more for hundreds than for a few."""

from __future__ import annotations

import pytest

from benchmarks.statements import counting
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.intake.connections import write_connection
from monitoring.recording import wire
from monitoring.recording.events import Occurrence
from monitoring.stream.streams import FACTS
from tests.pipeline import drain_all

from .events import Shop, error, repetition
from .test_counts import fingerprint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]
FEW, MANY = 5, 700


def _different(count: int, first: int = 0) -> list[wire.Record]:
    """Errors each of which is of a group and of a user of its own."""
    return [error(f"step_{number}", user=f"u{number}") for number in range(first, first + count)]


def _statements(shop: Shop, events: list[wire.Record] | list[Occurrence]) -> int:
    shop.send(*events)
    with counting(write_connection()) as seen:
        assert drain_all(FACTS) == 1
    return len(seen)


def test_new_groups_cost_the_same_number_of_statements() -> None:
    shop = Shop()
    shop.send(error("first"))
    drain_all(FACTS)
    few = _statements(shop, _different(FEW))
    assert _statements(shop, _different(MANY, FEW)) == few
    assert ErrorGroup.objects.count() == 1 + FEW + MANY


def test_errors_of_known_groups_cost_the_same_number_of_statements() -> None:
    shop = Shop()
    shop.send(*_different(MANY))
    drain_all(FACTS)
    few = _statements(shop, _different(FEW))
    assert _statements(shop, _different(MANY)) == few
    assert ErrorLog.objects.count() == 2 * MANY + FEW


def test_repetitions_cost_the_same_number_of_statements() -> None:
    shop = Shop()
    shop.send(error())
    drain_all(FACTS)
    _statements(shop, [repetition(fingerprint(), user="7")])
    few = _statements(shop, [repetition(fingerprint(), user="7") for _ in range(FEW)])
    assert _statements(shop, [repetition(fingerprint(), user="7") for _ in range(MANY)]) == few
    assert ErrorGroup.objects.get().count == 2 + FEW + MANY
