"""Boxes, arcs and placements."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designs.parsing.space import AXES, ORIGIN, Box, Placement, add_arc, between, frame

NUMBERS = st.floats(-100, 100)
VECTORS = st.tuples(NUMBERS, NUMBERS, NUMBERS)
FRAMES = st.builds(frame, VECTORS, VECTORS, VECTORS).filter(lambda f: f is not None)


@given(FRAMES, FRAMES, VECTORS)
def test_a_movement_between_frames_can_be_undone(source, target, point):
    there = between(source, target).apply(point)

    assert between(target, source).apply(there) == pytest.approx(point, abs=1e-6)


@given(FRAMES, FRAMES)
def test_a_movement_between_frames_lays_one_upon_the_other(source, target):
    assert between(source, target).apply(source.origin) == pytest.approx(target.origin, abs=1e-6)
    assert between(source, target).turn(source.x) == pytest.approx(target.x, abs=1e-6)


@given(FRAMES, FRAMES, FRAMES, VECTORS)
def test_movements_in_sequence_are_one_movement(a, b, c, point):
    both = between(b, c).after(between(a, b))

    assert both.apply(point) == pytest.approx(between(b, c).apply(between(a, b).apply(point)), abs=1e-5)


@given(FRAMES, st.floats(0.1, 50), st.floats(0, math.tau), st.floats(0.01, math.tau - 0.01))
def test_the_box_of_an_arc_holds_all_its_points_and_touches_them(circle, radius, first, sweep):
    def at(angle):
        along, across = radius * math.cos(angle), radius * math.sin(angle)
        return tuple(circle.origin[i] + along * circle.x[i] + across * circle.y[i] for i in range(3))

    box = Box()
    add_arc(box, circle, radius, at(first), at(first + sweep))
    points = [at(first + sweep * step / 400) for step in range(401)]

    for axis in range(3):
        values = [point[axis] for point in points]
        assert box.low[axis] == pytest.approx(min(values), abs=radius * 1e-3)
        assert box.high[axis] == pytest.approx(max(values), abs=radius * 1e-3)


def test_a_frame_needs_a_direction():
    assert frame(ORIGIN, (0.0, 0.0, 0.0), None) is None


def test_a_reference_along_the_axis_is_replaced():
    found = frame(ORIGIN, AXES[0], AXES[0])

    assert found is not None
    assert found.z == AXES[0]


def test_an_empty_box_stays_empty_wherever_it_is_placed():
    assert Box().placed(Placement(AXES, (1.0, 2.0, 3.0))).as_dict() is None
