"""Heartbeats: whatever is said in them can be read and stored, and who lives is told by age alone."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitoring.jobs.runs.judge import MISSED_BEATS, View
from monitoring.stream import heartbeats
from monitoring.stream.heartbeats import Heartbeat, bounded
from tests.pipeline import client

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=300) | st.binary(),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(st.characters()), inner, max_size=6),
    max_leaves=30,
)


@given(anything)
def test_what_is_bounded_is_plain_json_that_a_database_stores(value: Any) -> None:
    once = bounded(value)
    text = json.dumps(once, allow_nan=False)
    assert "\\u0000" not in text
    assert text.encode()
    assert bounded(once) == once


@given(st.dictionaries(st.text(st.characters()), anything, max_size=5), st.text(st.characters(), max_size=300))
def test_whatever_a_process_says_of_itself_is_read_again(state: dict[str, Any], node: str) -> None:
    prefix = "said"
    client().delete(f"{prefix}:heartbeats", f"{prefix}:heartbeats:state")
    heartbeats.send(client(), prefix, "worker", node, state)
    (found,) = heartbeats.read(client(), prefix)
    assert found.kind == "worker"
    assert isinstance(found.alive, bool)
    assert 0 < found.interval <= 3_600


def view(*beats: Heartbeat, behind: float = 0.0) -> View:
    return View(1_000_000.0, behind, 3.0, {(one.node, one.instance): one for one in beats})


def beat(age: float, **state: Any) -> Heartbeat:
    return Heartbeat("worker", "w@h", age, {"interval": 3.0, **state}, "a")


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_process_is_dead_once_what_it_said_last_has_been_taken_in(age: float, behind: float) -> None:
    dead = view(beat(age), behind=behind).is_dead(("w@h", "a"), None)
    assert dead == (age > 9.0 and age > behind + 2.0)


def test_another_process_of_the_name_says_nothing_of_this_one() -> None:
    seen = view(beat(0.1))
    assert not seen.is_dead(("w@h", "a"), None)
    assert not seen.is_dead(("w@h", "b"), seen.at - 1)
    assert seen.is_dead(("w@h", "b"), seen.at - MISSED_BEATS * 3.0 - 1)
    assert not seen.is_dead(("w@h", "b"), None)


def test_one_that_said_goodbye_is_gone_since_then() -> None:
    assert view(beat(2.5, closing=True)).is_dead(("w@h", "a"), None)
    assert not view(beat(1.5, closing=True)).is_dead(("w@h", "a"), None)


def test_only_a_whole_list_tells_what_a_process_is_not_busy_with() -> None:
    one = [{"id": "x"}]
    assert view(beat(0.0, active=one, busy=1)).busy_with(("w@h", "a")) == ({"x"}, 1_000_000.0 - 30.0)
    assert view(beat(0.0, active=one, busy=2)).busy_with(("w@h", "a")) is None
    assert view(beat(0.0, active=one, busy=1), behind=5.0).busy_with(("w@h", "a")) is None
    assert view(beat(50.0, active=one, busy=1)).busy_with(("w@h", "a")) is None
