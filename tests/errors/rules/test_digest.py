"""Rules hold for all errors that are taken in: those in full, and the repetitions that follow them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.errors.groups.models import ErrorGroup
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error, repetition
from tests.pipeline import drain_all

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]


@pytest.fixture
def use(settings: Any) -> Any:
    def use(*rules: dict[str, Any]) -> None:
        settings.MONITORING = {**settings.MONITORING, "FINGERPRINT_RULES": list(rules)}

    return use


def counts() -> list[int]:
    return sorted(ErrorGroup.objects.values_list("count", flat=True))


def sent(function: str = "buy") -> str:
    """Return the fingerprint that errors of a function have without rules."""
    Shop(service="elsewhere").send(error(function))
    drain_all(FACTS)
    one = ErrorGroup.objects.get(service="elsewhere")
    found = one.fingerprints.get().fingerprint
    one.delete()
    return found


def test_a_rule_joins_errors_that_are_apart(use: Any) -> None:
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["out of stock"]})

    Shop().send(error("buy"), error("sell"), error("sell", message="other"))
    drain_all(FACTS)

    assert counts() == [3]


def test_a_rule_parts_errors_that_would_be_together(use: Any) -> None:
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["{default}", "{name}"]})

    Shop().send(error(name="GET a/"), error(name="GET b/"), error(name="GET b/"))
    drain_all(FACTS)

    assert counts() == [1, 2]


def test_what_meets_a_rule_from_now_on_is_a_group_from_now_on(use: Any) -> None:
    Shop().send(error("buy"))
    drain_all(FACTS)
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["out of stock"]})

    Shop().send(error("buy"), error("buy"), error("sell"))
    drain_all(FACTS)

    assert counts() == [1, 3]


def test_repetitions_are_counted_where_their_errors_are(use: Any) -> None:
    shop, buying, selling = Shop(), sent("buy"), sent("sell")
    shop.send(error("buy"))
    drain_all(FACTS)
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["out of stock"]})

    shop.send(error("buy"), repetition(buying), error("sell"))
    drain_all(FACTS)
    shop.send(repetition(buying), repetition(selling))
    drain_all(FACTS)

    assert counts() == [1, 5]


def test_repetitions_are_counted_by_what_failed_where_a_rule_is_made_of_that(use: Any) -> None:
    shop, known = Shop(), sent("buy")
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["{default}", "{name}"]})

    shop.send(error(name="GET a/"), error(name="GET b/"), repetition(known, name="GET a/"))
    drain_all(FACTS)
    shop.send(*[repetition(known, name="GET a/") for _ in range(5)], *[repetition(known, name="GET b/")] * 2)
    drain_all(FACTS)

    assert sorted(ErrorGroup.objects.values_list("name", "count")) == [("GET a/", 7), ("GET b/", 3)]


def test_repetitions_of_what_never_came_in_full_are_counted_where_the_last_of_their_place_was(use: Any) -> None:
    shop, known = Shop(), sent("buy")
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["{default}", "{name}", "{status}"]})

    shop.send(error(name="GET a/"), repetition(known, name="GET b/"))
    drain_all(FACTS)
    shop.send(repetition(known, name="GET b/"))
    drain_all(FACTS)

    assert counts() == [3]


def test_errors_that_meet_no_rule_stay_as_they_are(use: Any) -> None:
    use({"match": {"type": "PrinterJam"}, "fingerprint": ["jam"]})

    Shop().send(error("buy"), error("sell"))
    drain_all(FACTS)

    assert counts() == [1, 1]


def test_a_rule_counts_more_than_what_the_code_says(use: Any) -> None:
    use({"match": {"service": "*"}, "fingerprint": ["all"]})

    Shop().send(error(explicit=["one"]), error(explicit=["other"]))
    drain_all(FACTS)

    assert counts() == [2]


def test_what_rules_cost_does_not_grow_with_the_batch(use: Any) -> None:
    use({"match": {"type": "OutOfStock"}, "fingerprint": ["{name}"]})

    def cost(number: int) -> int:
        Shop().send(*(error(f"f{place}", name=f"GET {number}/{place}/") for place in range(number)))
        with CaptureQueriesContext(connection) as queries:
            drain_all(FACTS)
        return sum("groupfingerprint" in query["sql"] for query in queries)

    assert cost(2) == cost(20)
    assert ErrorGroup.objects.count() == 2 + 20
