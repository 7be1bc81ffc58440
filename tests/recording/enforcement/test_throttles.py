"""A request is subject to the throttles that are about it, and takes from the bucket of whom they tell apart."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from monitoring.recording.enforcement import throttle
from monitoring.recording.enforcement.asked import Asked, digest_of
from monitoring.recording.enforcement.throttle import Throttle
from monitoring.recording.enforcement.throttles import Throttles
from monitoring.stream.decisions import Entry

from .conftest import in_seconds
from .conftest import throttle as told

TOKEN = "abc" * 20
DIGEST = hashlib.sha512(TOKEN.encode()).hexdigest()


def read(value: str, *, key: str = "1", processes: int = 1, expires: int | None = None) -> Throttle:
    found = throttle.read(key, Entry(value, expires), processes)
    assert found is not None
    return found


def asked(client: str = "1.2.3.4", route: str = "GET api/designs/", authorization: str = f"Bearer {TOKEN}") -> Asked:
    return Asked(client, None, lambda _: route, lambda _: authorization)


def buckets(value: str, request: Asked | None = None) -> list[str]:
    """Names of the buckets that a request takes from."""
    return [name for name, _, _ in Throttles([read(value)]).wanted(request or asked())[1]]


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ("all", "*"),
        ("client", "*"),
        ("client", "1.2.3.4"),
        ("client", "1.2.0.0/16"),
        ("token", "*"),
        ("token", DIGEST[:8]),
        ("token", DIGEST),
        ("route", "*"),
        ("route", "api/designs/"),
        ("route", "GET api/designs/"),
        ("route", "api/*"),
        ("route", "GET *"),
        ("route", "*designs*"),
        ("route", "**a*d*s*/"),
    ],
)
def test_it_is_about_these_requests(scope: str, match: str) -> None:
    assert buckets(told(scope, match, per="all")) == ["1 "]


def test_a_route_of_many_gaps_is_matched_at_once() -> None:
    assert buckets(told("route", "*a" * 100 + "b"), asked(route="GET " + "a" * 2_000)) == []


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ("client", "1.2.3.5"),
        ("client", "::/0"),
        ("client", "nonsense"),
        ("token", "0" * 8),
        ("token", ""),
        ("route", "api/design"),
        ("route", "designs/"),
        ("route", "POST api/designs/"),
        ("route", "api/?esigns/"),
        ("route", "api/[d]esigns/"),
        ("all", "x"),
    ],
)
def test_it_is_not_about_these(scope: str, match: str) -> None:
    assert buckets(told(scope, match, per="all")) == []


def test_a_route_with_signs_of_patterns_is_meant_as_it_is_written() -> None:
    route = r"^api/(?P<pk>[0-9]+)/<uuid:key>/$"
    assert buckets(told("route", route, per="all"), asked(route=f"GET {route}")) == ["1 "]


@pytest.mark.parametrize(
    ("per", "name"),
    [("client", "1 1.2.3.4"), ("token", f"1 {DIGEST}"), ("route", "1 GET api/designs/"), ("all", "1 ")],
)
def test_the_bucket_is_theirs_whom_it_tells_apart(per: str, name: str) -> None:
    assert buckets(told(per=per)) == [name]


def test_who_is_unknown_has_no_bucket_but_counts_among_all() -> None:
    stranger = asked(client="", authorization="")
    assert buckets(told(per="client"), stranger) == []
    assert buckets(told(per="token"), stranger) == []
    assert buckets(told("client", "0.0.0.0/0", per="all"), stranger) == []
    assert buckets(told(per="all"), stranger) == ["1 "]


def test_routes_and_tokens_are_asked_for_only_by_throttles_that_are_about_them() -> None:
    def forbidden(_: Any) -> str:
        raise AssertionError

    request = Asked("1.2.3.4", None, forbidden, forbidden)
    assert buckets(told("client", "1.2.3.4"), request) == ["1 1.2.3.4"]


def test_one_that_is_over_lets_everybody_through() -> None:
    over = read(told(), expires=in_seconds(-1))
    assert Throttles([over]).wanted(asked())[1] == []


def test_processes_share_a_limit_and_each_lets_one_through_at_a_time_at_least() -> None:
    alone, among = (read(told(rate=10, burst=8), processes=number) for number in (1, 4))
    assert (alone.interval, alone.patience) == (pytest.approx(0.1), pytest.approx(0.7))
    assert (among.interval, among.patience) == (pytest.approx(0.4), pytest.approx(0.4))
    many = read(told(rate=10, burst=8), processes=100)
    assert (many.interval, many.patience) == (pytest.approx(10), 0)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        "{}",
        "1" * 5_000,
        json.dumps({"scope": "all"}),
        told(rate=0),
        told(rate=-1),
        told(burst=0),
        told(rate="x"),  # type: ignore[arg-type]
        told(scope="planet"),
        told(per="planet"),
        told().replace("1.0", "NaN"),
        told().replace("1.0", "1e999"),
    ],
)
def test_what_is_no_throttle_limits_nobody(value: str) -> None:
    assert throttle.read("1", Entry(value), 1) is None


@pytest.mark.parametrize(
    "header", [f"Bearer {TOKEN}", f"bearer   {TOKEN} ", f"Bearer\t{TOKEN}", f"Bearer\x0b {TOKEN}\r", f"Token {TOKEN}"]
)
def test_a_token_is_known_by_the_digest_that_is_stored_of_it(header: str) -> None:
    from knox.crypto import hash_token

    assert digest_of(header) == DIGEST == hash_token(TOKEN)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", TOKEN, "Bearer " + "x" * 5_000, f"Bearer {TOKEN} more"]
)
def test_other_credentials_are_no_token(header: str) -> None:
    assert digest_of(header) == ""


def test_a_request_is_not_compared_with_every_throttle() -> None:
    many = [read(told("client", f"10.{number}.0.0/16"), key=str(number)) for number in range(100)]
    standing = Throttles([*many, read(told("route", "api/*", per="all"), key="route")])
    assert [one.key for one in standing.wanted(asked(client="10.7.1.1"))[0]] == ["7", "route"]
    for number in range(6_000):
        standing.wanted(asked(route=f"GET api/{number}/"))
    assert len(standing._known_routes) <= 5_000
