"""A field that cannot be stored degrades that field, not the error; and no error stops another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.errors.digest import portrait, rows, sightings
from monitoring.errors.digest.grouping import described
from monitoring.errors.models import ErrorLog
from monitoring.intake.models import DeadLetter
from monitoring.recording import wire
from monitoring.storage.folding import Fact
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error
from tests.pipeline import drain_all

WRONG: list[Any] = [
    None,
    5,
    -1,
    1.5,
    True,
    "",
    "x" * 5_000,
    "\0",
    "é\ud800",
    [],
    [[]],
    [5],
    {},
    {"a": {"b": [1]}},
    2**70,
    "NaN",
]
SENT = [one for one in WRONG if one not in ("é\ud800", 2**70)]
"""What the wire can carry of it."""
_LEAVES = st.sampled_from(WRONG)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
FIELDS = [
    *("id", "kind", "fingerprint", "explicit", "error_type", "status", "severity", "handled", "name", "chain"),
    *("context", "request", "crumbs", "client", "user", "route", "logger", "template"),
]
PARTS = ["type", "mro", "message", "link", "frames", "source", "locals"]


@pytest.mark.usefixtures("redis_client")
@pytest.mark.django_db
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_another_form_costs_that_field_alone(field: str) -> None:
    shop = Shop()
    shop.send(*[error(**{field: wrong}) for wrong in SENT])
    drain_all(FACTS)
    assert not DeadLetter.objects.exists()
    assert ErrorLog.objects.count() == len(SENT)


@pytest.mark.usefixtures("redis_client")
@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_an_exception_of_another_form_costs_that_part_alone(part: str) -> None:
    shop = Shop()
    chain = error().values["chain"][0]
    shop.send(*[error(chain=[{**chain, part: wrong}, 5]) for wrong in SENT])
    drain_all(FACTS)
    assert not DeadLetter.objects.exists()
    assert ErrorLog.objects.count() == len(SENT)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), _ANYTHING), st.dictionaries(st.sampled_from(PARTS), _ANYTHING))
def test_whatever_comes_is_read(values: dict[str, Any], part: dict[str, Any]) -> None:
    if part:
        values = {**values, "chain": [part, part]}
    one = sightings.of_fact(Fact("error", "shop", 1_700_000_000_000, wire.clean(values), {"release": "1"}))
    one.kept = "new"
    entry = rows.row(one)
    assert len(entry["fingerprint"]) <= 64
    assert all(len(str(value)) <= 300 for value in described(one).values())


def test_the_errors_of_the_release_before_are_read() -> None:
    chain = [{"type": "KeyError", "message": "'a'", "frames": [["/srv/shop.py", "order", 3]]}]
    one = sightings.of_fact(
        Fact("error", "shop", 1_700_000_000_000, {"chain": chain, "key": "k", "name": "GET x/"}, {})
    )
    assert one.values is not None
    assert one.values["chain"][0]["frames"] == [["", "/srv/shop.py", "order", 3, True]]
    assert portrait.culprit(one.values["chain"]) == "/srv/shop.py.order"


@pytest.mark.usefixtures("redis_client")
@pytest.mark.django_db
def test_an_id_that_comes_twice_is_one_row_and_stops_nobody() -> None:
    shop, first = Shop(), error()
    shop.send(first, error(id=first.values["id"]), error())
    shop.send(error(id=first.values["id"]))
    drain_all(FACTS)
    assert not DeadLetter.objects.exists()
    assert ErrorLog.objects.count() == 2
