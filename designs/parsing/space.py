"""Boxes, arcs and placements in space: pure functions over numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from .errors import ParseError

Vector = tuple[float, float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)
AXES: tuple[Vector, Vector, Vector] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(slots=True)
class Box:
    """The smallest upright box around what was added, and whether that is all there is to it."""

    low: list[float] = field(default_factory=lambda: [math.inf] * 3)
    high: list[float] = field(default_factory=lambda: [-math.inf] * 3)
    exact: bool = True

    @property
    def empty(self) -> bool:
        """Whether nothing was added."""
        return self.low[0] > self.high[0]

    def add(self, x: float, y: float, z: float) -> None:
        """Stretch to a point."""
        for axis, value in enumerate((x, y, z)):
            self.low[axis] = min(self.low[axis], value)
            self.high[axis] = max(self.high[axis], value)

    def join(self, other: Box) -> None:
        """Stretch around another box."""
        self.exact = self.exact and other.exact
        if not other.empty:
            self.add(*other.low)
            self.add(*other.high)

    def placed(self, placement: Placement) -> Box:
        """Return the upright box around this one moved; turned by other than right angles it is only an outer bound."""
        moved = Box(exact=self.exact and placement.keeps_axes)
        if not self.empty:
            for corner in range(8):
                point = [(self.high if corner >> axis & 1 else self.low)[axis] for axis in range(3)]
                moved.add(*placement.apply((point[0], point[1], point[2])))
        return moved

    def as_dict(self) -> dict[str, Any] | None:
        """Return the box as JSON, or None when it is empty.

        Raises:
            ParseError: A coordinate left the range of numbers.
        """
        if self.empty:
            return None
        if not all(map(math.isfinite, (*self.low, *self.high))):
            raise ParseError("a coordinate is out of range")
        size = [high - low for low, high in zip(self.low, self.high, strict=True)]
        if not all(map(math.isfinite, size)):
            raise ParseError("a coordinate is out of range")
        return {"min": list(self.low), "max": list(self.high), "size": size, "exact": self.exact}


@dataclass(frozen=True, slots=True)
class Frame:
    """A right-handed coordinate system."""

    origin: Vector
    x: Vector
    y: Vector
    z: Vector


@dataclass(frozen=True, slots=True)
class Placement:
    """A movement of space: rows of a matrix, then a shift."""

    rows: tuple[Vector, Vector, Vector] = AXES
    shift: Vector = ORIGIN

    @property
    def keeps_axes(self) -> bool:
        """Whether axes stay parallel to axes, so that an upright box stays upright."""
        return all(sum(abs(value) > 1e-9 for value in row) == 1 for row in self.rows)

    def apply(self, point: Vector) -> Vector:
        """Move a point."""
        x, y, z = (dot(row, point) + shift for row, shift in zip(self.rows, self.shift, strict=True))
        return (x, y, z)

    def turn(self, direction: Vector) -> Vector:
        """Turn a direction."""
        x, y, z = (dot(row, direction) for row in self.rows)
        return (x, y, z)

    def after(self, first: Placement) -> Placement:
        """Return the movement that does `first`, then this one."""
        columns = [self.turn((first.rows[0][i], first.rows[1][i], first.rows[2][i])) for i in range(3)]
        a, b, c = zip(*columns, strict=True)
        return Placement(((a[0], a[1], a[2]), (b[0], b[1], b[2]), (c[0], c[1], c[2])), self.apply(first.shift))


def dot(a: Vector, b: Vector) -> float:
    """Return the inner product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def unit(vector: Vector) -> Vector | None:
    """Return the vector at length one, or None when it has no length or leaves the range of numbers."""
    length = math.hypot(*vector)
    if not 1e-12 < length < math.inf:
        return None
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def frame(origin: Vector, axis: Vector | None, reference: Vector | None) -> Frame | None:
    """Build a frame from its z axis and a direction that x leans to; None when they do not span one."""
    z = unit(axis or AXES[2])
    if z is None:
        return None
    for lean in (reference, AXES[0], AXES[1]):
        if lean is None:
            continue
        # Twice: what is left of a direction that is nearly the axis is mostly rounding, which leans as well.
        x = _across(lean, z)
        x = x and _across(x, z)
        if x is not None:
            y = (z[1] * x[2] - z[2] * x[1], z[2] * x[0] - z[0] * x[2], z[0] * x[1] - z[1] * x[0])
            return Frame(origin, x, y, z)
    return None


def _across(direction: Vector, axis: Vector) -> Vector | None:
    """Return the unit vector of what of a direction is at right angles to an axis, None when nothing is."""
    along = dot(direction, axis)
    return unit((direction[0] - along * axis[0], direction[1] - along * axis[1], direction[2] - along * axis[2]))


def between(source: Frame, target: Frame) -> Placement:
    """Return the movement that lays one frame upon the other."""
    a, b, c = (
        (
            target.x[i] * source.x[0] + target.y[i] * source.y[0] + target.z[i] * source.z[0],
            target.x[i] * source.x[1] + target.y[i] * source.y[1] + target.z[i] * source.z[1],
            target.x[i] * source.x[2] + target.y[i] * source.y[2] + target.z[i] * source.z[2],
        )
        for i in range(3)
    )
    turned = Placement((a, b, c)).turn(source.origin)
    x, y, z = (t - s for t, s in zip(target.origin, turned, strict=True))
    return Placement((a, b, c), (x, y, z))


def add_arc(box: Box, circle: Frame, radius: float, start: Vector | None = None, end: Vector | None = None) -> None:
    """Stretch a box around the arc that runs counter-clockwise from start to end; without them, the whole circle."""
    first, sweep = 0.0, math.tau
    if start is not None and end is not None and start != end:
        first = _angle(circle, start)
        sweep = (_angle(circle, end) - first) % math.tau
        box.add(*start)
        box.add(*end)
    for axis in range(3):
        extreme = math.atan2(circle.y[axis], circle.x[axis])
        for angle in (extreme, extreme + math.pi):
            if (angle - first) % math.tau <= sweep:
                box.add(*_on_circle(circle, radius, angle))


def _angle(circle: Frame, point: Vector) -> float:
    offset = (point[0] - circle.origin[0], point[1] - circle.origin[1], point[2] - circle.origin[2])
    return math.atan2(dot(offset, circle.y), dot(offset, circle.x))


def _on_circle(circle: Frame, radius: float, angle: float) -> Vector:
    along, across = radius * math.cos(angle), radius * math.sin(angle)
    x, y, z = (circle.origin[i] + along * circle.x[i] + across * circle.y[i] for i in range(3))
    return (x, y, z)
