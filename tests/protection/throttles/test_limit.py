"""What a throttle can say, and how it stands among the decisions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.protection.throttles.limit import Limit, Scope, canonical
from monitoring.recording.enforcement import throttle
from monitoring.stream.decisions import Entry

FINE = Limit("client", "203.0.113.0/24", 1.0, 10, "client", "slowly")


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ("client", "203.0.113.7"),
        ("client", "2001:db8::/32"),
        ("token", "0123456789abcde"),
        ("route", "GET api/designs/<uuid:pk>/"),
        ("route", "api/*"),
        ("route", "*"),
        ("all", "*"),
    ],
)
def test_it_may_match(scope: str, match: str) -> None:
    assert replace(FINE, scope=scope, match=match).problems() == {}


@pytest.mark.parametrize(
    ("scope", "match"),
    [
        ("client", "203.0.113.7/24"),
        ("client", "*"),
        ("client", "fe80::1%eth0"),
        ("client", ""),
        ("token", "0123456"),
        ("token", "0123456789ABCDEF"),
        ("token", "knox-token-itself"),
        ("token", "0" * 33),
        ("route", ""),
        ("route", "x" * 201),
        ("route", "a\nb"),
        ("all", "api/"),
        ("everything", "*"),
    ],
)
def test_it_may_not_match(scope: str, match: str) -> None:
    assert replace(FINE, scope=scope, match=match).problems()


@pytest.mark.parametrize(
    "values",
    [
        {"rate": 0.0},
        {"rate": -1.0},
        {"rate": float("nan")},
        {"rate": float("inf")},
        {"rate": 1e9},
        {"burst": 0},
        {"burst": 10**9},
        {"per": "nobody"},
        {"reason": "x" * 501},
    ],
)
def test_a_limit_that_nobody_can_keep_is_none(values: dict[str, Any]) -> None:
    assert list(replace(FINE, **values).problems()) == list(values)


def test_the_spelling_of_what_is_matched_is_one() -> None:
    assert canonical("client", "2001:0DB8::/32") == "2001:db8::/32"
    assert canonical("client", "::ffff:203.0.113.7") == "203.0.113.7/32"
    assert canonical("client", "nothing") == "nothing"
    assert canonical("token", "ABCDEF01") == "abcdef01"
    assert canonical("route", "GET api/Designs/") == "GET api/Designs/"


@given(
    scope=st.sampled_from(Scope.values),
    per=st.sampled_from(Scope.values),
    match=st.sampled_from(["203.0.113.0/24", "2001:db8::/64", "0123456789abcde", "api/*", "GET x/", "*"]),
    rate=st.floats(0.001, 1e6),
    burst=st.integers(1, 10**6),
    reason=st.text(max_size=500),
)
def test_whatever_may_stand_is_enforced_as_it_stands(**values: Any) -> None:
    limit = Limit(**values)
    read = throttle.read("7", Entry(limit.value()), 1)
    assert read is not None
    assert (read.scope, read.match, read.per) == (limit.scope, limit.match, limit.per)
    assert read.interval == 1 / limit.rate
    assert read.patience == pytest.approx((limit.burst - 1) / limit.rate)
    assert json.loads(limit.value())["reason"] == limit.reason
