"""The geometry of a STEP file as a graph in flat arrays, and the box around what a representation reaches.

The box is made of vertices, of arcs of circles, and of the control points of free-form curves and surfaces. It is exact
for solids of planes, cylinders and cones with straight and circular edges; anything else marks it as inexact.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable

from .errors import ParseError
from .part21 import parse_parameters
from .space import Box, Frame, Vector, add_arc, frame

POINT, DIRECTION, PLACEMENT, CIRCLE, EDGE, EDGE_REVERSED, ON_SURFACE, KNOWN, STOP, UNKNOWN = range(10)

MAX_INSTANCES = 4_000_000
LONG = 100_000

ROLES = {
    "CARTESIAN_POINT": POINT,
    "DIRECTION": DIRECTION,
    "AXIS2_PLACEMENT_3D": PLACEMENT,
    "CIRCLE": CIRCLE,
    "EDGE_CURVE": EDGE,
    **dict.fromkeys(("SURFACE_CURVE", "SEAM_CURVE", "INTERSECTION_CURVE"), ON_SURFACE),
    # What lies behind these is bounded by edges, or does not lie in space.
    **dict.fromkeys(
        ("LINE", "VECTOR", "PLANE", "CYLINDRICAL_SURFACE", "CONICAL_SURFACE", "PCURVE", "DEFINITIONAL_REPRESENTATION"),
        STOP,
    ),
    **dict.fromkeys(
        (
            "SHAPE_REPRESENTATION",
            "ADVANCED_BREP_SHAPE_REPRESENTATION",
            "FACETED_BREP_SHAPE_REPRESENTATION",
            "MANIFOLD_SURFACE_SHAPE_REPRESENTATION",
            "MANIFOLD_SOLID_BREP",
            "FACETED_BREP",
            "BREP_WITH_VOIDS",
            "SHELL_BASED_SURFACE_MODEL",
            "CLOSED_SHELL",
            "OPEN_SHELL",
            "ORIENTED_CLOSED_SHELL",
            "ADVANCED_FACE",
            "FACE_SURFACE",
            "FACE_OUTER_BOUND",
            "FACE_BOUND",
            "EDGE_LOOP",
            "VERTEX_LOOP",
            "POLY_LOOP",
            "ORIENTED_EDGE",
            "VERTEX_POINT",
        ),
        KNOWN,
    ),
}

_NUMBERS = re.compile(
    rb"\s*+'[^']*+'\s*+,\s*+\(\s*+([-+0-9.Ee]++)\s*+,\s*+([-+0-9.Ee]++)\s*+(?:,\s*+([-+0-9.Ee]++)\s*+)?\)\s*+\)"
)
# No instance has a number of more than 18 digits, so what refers to one refers to nothing.
_REFERENCES = re.compile(rb"'[^']*+'|#\s*+(\d{1,18}+)(?!\d)")
_REFERENCES_OR_NOTHING = re.compile(rb"'[^']*+'|#\s*+(\d{1,18}+)(?!\d)|(\$)")


class Shape:
    """Instances that may carry geometry: what each one is, what it refers to, and the coordinates of points."""

    def __init__(self) -> None:
        self._rows: dict[int, int] = {}
        self._roles = bytearray()
        self._references = array("q")
        self._references_from = array("q", [0])
        self._coordinates = array("d")
        self._coordinates_from = array("q")
        self._radii: dict[int, float] = {}
        self._visits_left = 0

    def __contains__(self, number: int) -> bool:
        return number in self._rows

    def add(self, role: int, number: int, body: bytes) -> None:
        """Keep one instance.

        Raises:
            ParseError: The number is taken, or numbers of a point cannot be read.
        """
        row = len(self._roles)
        if row >= MAX_INSTANCES:
            raise ParseError(f"the file has more than {MAX_INSTANCES} instances")
        if self._rows.setdefault(number, row) != row:
            raise ParseError(f"#{number} is defined twice")
        self._coordinates_from.append(len(self._coordinates))
        if role in {POINT, DIRECTION}:
            numbers = _read_numbers(body)
            self._coordinates.extend(numbers)
            # Points of a plane belong to curves drawn on a surface.
            self._roles.append(role if len(numbers) == 3 else STOP)
        else:
            self._roles.append(self._read_references(role, number, body))
        self._references_from.append(len(self._references))

    def _read_references(self, role: int, number: int, body: bytes) -> int:
        if role == PLACEMENT:
            self._references.extend(int(n or 0) for n, nothing in _REFERENCES_OR_NOTHING.findall(body) if n or nothing)
            return role
        if len(body) < LONG:
            self._references.extend([int(n) for n in _REFERENCES.findall(body) if n])
        else:
            # One by one is slower, but millions of small objects at once are a danger to the worker.
            self._references.extend(int(found[1]) for found in _REFERENCES.finditer(body) if found[1])
        if role == CIRCLE:
            self._radii[number] = _read_radius(number, body)
        elif role == EDGE and b".F." in body:
            return EDGE_REVERSED
        return role

    def allow_visits(self) -> None:
        """Set how much walking is fair for a file of this size; geometry shared without end is not."""
        self._visits_left = 100_000 + 4 * len(self._roles)

    def box(self, roots: Iterable[int]) -> Box:
        """Return the box around all that these instances reach.

        Raises:
            ParseError: The geometry is shared between representations beyond all measure.
        """
        box = Box()
        seen: set[int] = set()
        stack: list[int] = []
        for root in roots:
            self._count_visit()
            row = self._rows.get(root)
            if row is not None and row not in seen:
                seen.add(row)
                stack.append(row)
        while stack:
            row = stack.pop()
            self._count_visit()
            for number in self._visit(row, box):
                target = self._rows.get(number)
                if target is not None and target not in seen:
                    seen.add(target)
                    stack.append(target)
        return box

    def box_of_all_points(self) -> Box:
        """Return the box around every point of the file: the last resort, never exact."""
        box = Box(exact=False)
        for row, role in enumerate(self._roles):
            if role == POINT:
                box.add(*self._triple(row))
        return box

    def frame(self, number: int) -> Frame | None:
        """Return the coordinate system of an AXIS2_PLACEMENT_3D, or None when it is none."""
        row = self._rows.get(number)
        if row is None or self._roles[row] != PLACEMENT:
            return None
        location, axis, reference = (*self._targets(row), 0, 0, 0)[:3]
        origin = self._at(location, POINT)
        return origin and frame(origin, self._at(axis, DIRECTION), self._at(reference, DIRECTION))

    def _count_visit(self) -> None:
        self._visits_left -= 1
        if self._visits_left < 0:
            raise ParseError("the file is too complex: too many representations share the same geometry")

    def _visit(self, row: int, box: Box) -> Iterable[int]:
        """Add what an instance itself spans, and say where to go on."""
        role = self._roles[row]
        if role == POINT:
            box.add(*self._triple(row))
        elif role in {EDGE, EDGE_REVERSED}:
            targets = self._targets(row)
            return targets[:2] if len(targets) == 3 and self._add_edge(row, box) else targets
        elif role in {CIRCLE, UNKNOWN}:
            box.exact = False
            return self._targets(row)
        elif role in {KNOWN, ON_SURFACE}:
            return self._targets(row)
        return ()

    def _add_edge(self, row: int, box: Box) -> bool:
        """Add the arc of a circular edge; False when the edge's curve is no circle."""
        start, end, curve = self._targets(row)
        curve_row = self._rows.get(curve)
        if curve_row is not None and self._roles[curve_row] == ON_SURFACE:
            curve = next(iter(self._targets(curve_row)), 0)
        if curve not in self._radii:
            return False
        circle = self.frame(next(iter(self._targets(self._rows[curve])), 0))
        first, last = self._vertex(start), self._vertex(end)
        if circle is None or first is None or last is None:
            return False
        if self._roles[row] == EDGE_REVERSED:
            first, last = last, first
        add_arc(box, circle, self._radii[curve], first, last)
        return True

    def _vertex(self, number: int) -> Vector | None:
        row = self._rows.get(number)
        return None if row is None else self._at(next(iter(self._targets(row)), 0), POINT)

    def _at(self, number: int, role: int) -> Vector | None:
        row = self._rows.get(number)
        return None if row is None or self._roles[row] != role else self._triple(row)

    def _targets(self, row: int) -> array[int]:
        return self._references[self._references_from[row] : self._references_from[row + 1]]

    def _triple(self, row: int) -> Vector:
        x, y, z = self._coordinates[self._coordinates_from[row] : self._coordinates_from[row] + 3]
        return (x, y, z)


def _read_radius(number: int, body: bytes) -> float:
    parameters = parse_parameters(body)
    radius = parameters[-1] if parameters else None
    if not isinstance(radius, int | float):
        raise ParseError(f"#{number} is a circle without a radius")
    return float(radius)


def _read_numbers(body: bytes) -> tuple[float, ...]:
    """Read the coordinates of a point or direction; the common spelling fast, any other by the full grammar."""
    found = _NUMBERS.fullmatch(body)
    if found is not None:
        try:
            return tuple([float(number) for number in found.groups() if number is not None])
        except ValueError as error:
            raise ParseError("a coordinate is not a number") from error
    parameters = parse_parameters(body)
    values = parameters[-1] if parameters else None
    if not isinstance(values, list):
        raise ParseError("a point has no coordinates")
    numbers = tuple(float(value) for value in values if isinstance(value, int | float))
    if len(numbers) != len(values) or not 1 <= len(numbers) <= 3:
        raise ParseError("a point has something other than one to three coordinates")
    return numbers
