from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.errors.groups.sketch import Sketch
from tests.properties import FEW

sketches = st.lists(st.text(max_size=8), max_size=60).map(Sketch)


@FEW
@given(sketches, sketches)
def test_merging_does_not_depend_on_the_order(one: Sketch, other: Sketch) -> None:
    assert one.merge(other).to_bytes() == other.merge(one).to_bytes()


@FEW
@given(sketches, sketches, sketches)
def test_merging_does_not_depend_on_what_is_merged_first(a: Sketch, b: Sketch, c: Sketch) -> None:
    assert a.merge(b).merge(c).to_bytes() == a.merge(b.merge(c)).to_bytes()


@FEW
@given(sketches)
def test_merging_with_itself_changes_nothing(one: Sketch) -> None:
    assert one.merge(one).to_bytes() == one.to_bytes()


@FEW
@given(st.lists(st.text(max_size=8), max_size=60), st.lists(st.text(max_size=8), max_size=60))
def test_a_merged_sketch_is_that_of_all_texts(one: list[str], other: list[str]) -> None:
    assert Sketch(one).merge(Sketch(other)).to_bytes() == Sketch(one + other).to_bytes()


@FEW
@given(st.sets(st.text(max_size=8), max_size=20))
def test_a_few_texts_are_counted_nearly_exactly(texts: set[str]) -> None:
    assert abs(Sketch(texts).count() - len(texts)) <= 1


@settings(FEW, max_examples=8)
@given(st.floats(3, 5), st.integers(0, 2**32))
def test_the_error_is_within_five_percent_from_a_thousand_to_a_hundred_thousand(power: float, seed: int) -> None:
    size = round(10**power)
    sketch = Sketch(f"{seed}-{number}" for number in range(size))

    assert abs(sketch.count() - size) <= 0.05 * size


def test_nobody_is_counted_as_nobody() -> None:
    assert Sketch().count() == 0


def test_one_that_is_seen_again_and_again_is_counted_once() -> None:
    assert Sketch(["anna"] * 1000).count() == 1


def test_what_is_stored_is_read_again() -> None:
    sketch = Sketch(f"user-{random.Random(1).random()}" for _ in range(10))

    assert Sketch.from_bytes(memoryview(sketch.to_bytes())).to_bytes() == sketch.to_bytes()


def test_the_same_text_is_stored_the_same_everywhere() -> None:
    # Rows outlive processes and machines: a hash that changes would count everybody again.
    stored = Sketch(["anna"]).to_bytes()

    assert (len(stored), stored.index(max(stored)), max(stored)) == (4096, 3332, 2)


def test_registers_that_are_full_are_very_many() -> None:
    assert Sketch.from_bytes(b"\x35" * 4096).count() > 10**15


@pytest.mark.parametrize("data", [b"", b"\0" * 4095, b"\xff" * 4096])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no sketch"):
        Sketch.from_bytes(data)
