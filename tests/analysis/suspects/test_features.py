from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.suspects.features import network_of, of_arguments, of_context
from monitoring.analysis.suspects.spread import evenly
from tests.properties import FEW

T0 = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_arguments_are_read_as_people_see_them() -> None:
    told = "tenant='acme', order=42, urgent=True, secret='[filtered]', lines=[{'a': 1}], name=\"it's\", cut='abc"

    assert of_arguments(told) == {
        "argument tenant": "acme",
        "argument order": "42",
        "argument urgent": "True",
        "argument name": "it's",
    }


def test_of_a_context_the_short_values_of_its_own_keys_count() -> None:
    told = {"trace_id": "ab", "user_id": "7", "dependency": "payments", "region": "eu", "rows": [1], "text": "x" * 200}

    assert of_context(told) == {"dependency": "payments", "context region": "eu"}


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.7", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("", ""), (None, ""), ("?", "")],
)
def test_clients_are_told_apart_by_their_network(address: str | None, network: str) -> None:
    assert network_of(address) == network


@given(st.recursive(st.none() | st.text() | st.integers() | st.floats(), st.lists), st.text())
@FEW
def test_whatever_was_recorded_is_read_without_harm(value: Any, text: str) -> None:
    assert all(len(found) <= 80 for found in of_context({"key": value, "k" * 99: text}).values())
    assert of_context(value) == {}
    of_arguments(text)
    network_of(text)


@given(st.lists(st.integers(0, 3600), max_size=400), st.integers(24, 120))
@FEW
def test_many_rows_are_read_evenly_and_few_are_all_read(seconds: list[int], most: int) -> None:
    moments = sorted(T0 + timedelta(seconds=one) for one in seconds)
    asked = []

    def read(begin: datetime, end: datetime, limit: int) -> list[datetime]:
        found = [one for one in moments if begin < one <= end][::-1][:limit]
        asked.append(len(found))
        return found

    since, until = T0 - timedelta(seconds=1), T0 + timedelta(hours=1)
    found = evenly(read, since, until, most)
    assert len(found) <= most
    assert len(asked) <= 1 + 3 * 12
    assert sum(asked) <= 4 * most + 1
    if len(moments) <= most:
        assert found == moments[::-1]


def test_what_broke_out_lately_is_read_evenly_over_the_time_it_lasts() -> None:
    moments = [T0 + timedelta(seconds=one) for one in range(7000)]

    def read(begin: datetime, end: datetime, limit: int) -> list[datetime]:
        return [one for one in moments if begin < one <= end][::-1][:limit]

    found = sorted(evenly(read, T0 - timedelta(hours=22), T0 + timedelta(hours=2), 600))
    assert 300 <= len(found) <= 600
    assert found[0] < T0 + timedelta(minutes=20)
    assert max(later - earlier for earlier, later in pairwise(found)) < timedelta(minutes=20)
