"""Server errors are counted by client, by route and by both: exactly, and with a bounded effort."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.protection.counting import consume as consuming
from monitoring.protection.counting import fold as folding
from monitoring.protection.counting import room
from monitoring.protection.counting.consume import DUE
from monitoring.protection.counting.models import ErrorTally
from monitoring.protection.counting.reading import over, read
from monitoring.protection.counting.tally import current_window, unpack
from tests.protection.failing import BAD, OTHER, ROUTE, Failure, count, now, times

pytestmark = pytest.mark.django_db
DESIGN = ("shop", ROUTE)


def seen() -> dict[tuple[str, str], int]:
    return {(row.client, row.route): row.seen for row in ErrorTally.objects.all()}


def test_an_error_counts_for_its_client_its_route_and_both() -> None:
    count(times(BAD, 2) + times(OTHER, 1) + times(BAD, 3, "POST api/designs/"))
    assert seen() == {
        (f"{BAD}/32", ""): 5,
        (f"{OTHER}/32", ""): 1,
        ("", ROUTE): 3,
        ("", "POST api/designs/"): 3,
        (f"{BAD}/32", ROUTE): 2,
        (f"{OTHER}/32", ROUTE): 1,
        (f"{BAD}/32", "POST api/designs/"): 3,
    }


def test_drains_add_up_and_the_sixth_error_makes_work_due() -> None:
    assert DUE not in count(times(BAD, 3)).due
    assert DUE not in count(times(OTHER, 1, "GET api/other/") + times(BAD, 2, "POST api/designs/")).due
    assert DUE in count(times(BAD, 1, "PUT api/designs/")).due


def test_errors_of_many_clients_on_one_route_make_work_due() -> None:
    assert DUE in count([Failure(f"192.0.2.{host}", now()) for host in range(6)]).due


def test_what_shards_count_adds_up() -> None:
    assert DUE not in count(times(BAD, 3), shard=0).due
    assert DUE in count(times(BAD, 3), shard=1).due
    found = over(current_window(), now() - 600_000, "default")
    assert [client for client, _ in found.clients] == [f"{BAD}/32"]
    tallies = read([f"{BAD}/32"], found.routes, current_window(), "default")
    assert len(tallies.get(f"{BAD}/32").recent) == 6
    assert tallies.clients == (f"{BAD}/32",)
    assert tallies.routes == (DESIGN,)


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    count([Failure(f"2001:db8:1:2::{host:x}", now()) for host in range(1, 7)])
    assert seen()["2001:db8:1:2::/64", ROUTE] == 6


def test_mapped_addresses_are_those_they_map() -> None:
    count([Failure(f"::ffff:{BAD}", now()), Failure(BAD, now())])
    assert seen()[f"{BAD}/32", ""] == 2


@pytest.mark.parametrize("client", ["", "unknown", "203.0.113", "\0"])
def test_errors_of_nobody_count_for_their_route_alone(client: str) -> None:
    count(times(client, 2))
    assert seen() == {("", ROUTE): 2}


def test_routes_of_one_name_in_two_services_are_two() -> None:
    count(times(BAD, 1) + times(BAD, 2, service="billing"))
    routes = ErrorTally.objects.filter(client="").values_list("service", "seen")
    assert sorted(routes) == [("billing", 2), ("shop", 1)]


def test_errors_of_before_the_window_do_not_count() -> None:
    assert count(times(BAD, 6, at=now() - 600_001)).due == set()
    assert not ErrorTally.objects.exists()


def test_samples_tell_what_led_to_an_error() -> None:
    count([Failure(BAD, now(), error=7)])
    row = ErrorTally.objects.get(client=f"{BAD}/32", route=ROUTE)
    (sample,) = unpack(bytes(row.recent), bytes(row.buckets), row.samples).samples
    assert sample | {"at": 0} == {
        "at": 0,
        "client": BAD,
        "status": 500,
        "trace": "0af7651916cd43dd8448eb211c80319c",
        "user": "ada",
        "error": f"{7:032x}",
    }


def test_a_storm_costs_as_many_statements_as_one_error_and_no_more_rows() -> None:
    def statements(failures: list[Failure]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            count(failures)
        return len(queries)

    statements(times(BAD, 1))
    one = statements(times(BAD, 1))
    assert statements(times(BAD, 20_000)) == one
    assert ErrorTally.objects.count() == 3
    row = ErrorTally.objects.get(client=f"{BAD}/32", route="")
    assert row.seen == 20_002
    assert len(row.recent) == 6 * 8


def test_clients_beyond_the_bound_of_a_drain_count_for_the_route_and_are_counted_as_lost(monkeypatch: Any) -> None:
    monkeypatch.setattr(folding, "MOST_CLIENTS", 3)
    crowd = [Failure(f"2001:db8:0:{host:x}::1", now()) for host in range(10)]
    scope = count(crowd + times(BAD, 4))
    assert seen()["", ROUTE] == 14
    assert seen()[f"{BAD}/32", ""] == 4
    assert ErrorTally.objects.filter(route="").count() == 3
    assert scope.noted[folding.NOT_COUNTED] == 8


def test_rows_beyond_the_bound_of_a_shard_are_not_made_and_those_that_are_there_go_on(monkeypatch: Any) -> None:
    monkeypatch.setattr(consuming, "MOST_ROWS", 5)
    count(times(BAD, 1))
    scope = count(times(OTHER, 3) + times("192.0.2.1", 1) + times("192.0.2.2", 2, "POST api/new/") + times(BAD, 1))
    assert ErrorTally.objects.count() == 5
    assert seen()[f"{BAD}/32", ""] == 2
    assert seen()["", "POST api/new/"] == 2
    assert seen()["", ROUTE] == 6
    assert scope.noted[folding.NOT_COUNTED] == 3


def test_whoever_comes_later_is_counted_in_place_of_who_failed_least_and_longest_ago(monkeypatch: Any) -> None:
    at = now()
    count(times(BAD, 4, at=at - 3_000) + times(OTHER, 1, at=at - 2_000) + times("192.0.2.1", 1, at=at - 1_000))
    monkeypatch.setattr(consuming, "MOST_ROWS", 9)
    scope = count([Failure("192.0.2.2", at, "POST api/new/")])
    assert {client for client, route in seen() if route == ""} == {f"{BAD}/32", "192.0.2.1/32", "192.0.2.2/32"}
    assert (f"{OTHER}/32", ROUTE) not in seen()
    assert seen()["", "POST api/new/"] == 1
    assert (scope.noted[room.FORGOTTEN], scope.noted[folding.NOT_COUNTED]) == (1, 0)


def test_where_nobody_can_be_forgotten_a_route_comes_before_any_client(monkeypatch: Any) -> None:
    monkeypatch.setattr(consuming, "MOST_ROWS", 3)
    scope = count(times(BAD, 2) + times(BAD, 1, "POST api/new/") + times(OTHER, 1))
    assert seen() == {("", ROUTE): 3, ("", "POST api/new/"): 1, (f"{BAD}/32", ""): 3}
    assert scope.noted[folding.NOT_COUNTED] == 1
