"""What an IGES file says: its global section, entity counts, the box around its points, and its subfigures.

Each entity is looked at when its parameters are complete; what is kept of it is a box of its own, so that curves drawn
in parameter space can be left out once they are known.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any, BinaryIO

from .assembly import MAX_NAME, Assembly, Item, Usage
from .errors import ParseError
from .iges_fields import MAX_PARAMETERS, MAX_TEXT, floats, integer, pointers, size_of, split, text_of
from .iges_names import ENTITY_NAMES, UNITS
from .iges_records import Entry, Head, Sections, read_directory, read_head
from .space import AXES, Box, Frame, Placement, add_arc

MAX_CHAIN = 16
LINE, POINT, COPIOUS, ARC, COMPOSITE, SPLINE_CURVE, SPLINE_SURFACE = 110, 116, 106, 100, 102, 126, 128
MATRIX, CURVE_ON_SURFACE, SUBFIGURE, SUBFIGURE_INSTANCE, SOLID_INSTANCE = 124, 142, 308, 408, 430
EXACT = {LINE, POINT, ARC, COMPOSITE, MATRIX}


def read_geometry(file: BinaryIO) -> dict[str, Any]:
    """Read all but the tree of subfigures.

    Raises:
        ParseError: The file is broken, hostile or no IGES file in ASCII form.
    """
    sections = Sections(file)
    head = read_head(sections)
    directory = read_directory(sections)
    model = _Model(head, directory)
    model.read(sections)
    types = Counter(entry.type for entry in directory.values())
    name = head.text(3) or head.text(12) or head.text(4)
    unit, factor = UNITS.get(int(head.number(14, 1)), (head.text(15).lower() or "unknown", None))
    bounds = model.box(exact=all(kind in EXACT or not 100 <= kind < 200 for kind in types)).as_dict()
    return {
        "format": "iges",
        "schema": [f"IGES version flag {int(head.number(23, 3))}"],
        "description": [sections.start_text],
        "originating_system": head.text(5),
        "instances": len(directory),
        "entities": {_kind_name(kind): count for kind, count in types.most_common()},
        "units": {"length": {"name": unit, "si_factor": factor}},
        "products": [name, *model.subfigure_names()] if name else model.subfigure_names(),
        "product_count": bool(name) + len(model.subfigures),
        "bounding_box": bounds and {**bounds, "basis": "points, arcs and control points"},
    }


def read_bom(file: BinaryIO) -> dict[str, Any]:
    """Read subfigure definitions and instances as products and their usages.

    Raises:
        ParseError: The file is broken, hostile or no IGES file, or a subfigure contains itself.
    """
    sections = Sections(file)
    head = read_head(sections)
    directory = read_directory(sections)
    model = _Model(head, directory, only={SUBFIGURE, SUBFIGURE_INSTANCE})
    model.read(sections)
    name = head.text(3) or head.text(12) or head.text(4) or "unnamed"
    return model.assembly(Item(name, name)).bill_of_materials()


class _Model:
    """Takes the parameter section entity by entity."""

    def __init__(self, head: Head, directory: dict[int, Entry], only: set[int] | None = None) -> None:
        self._head = head
        self._directory = directory
        self._only = only
        self._boxes: dict[int, Box] = {}
        self._moved: list[tuple[int, int, array[float]]] = []
        self._arcs: list[tuple[int, int, array[float]]] = []
        self._matrices: dict[int, Placement] = {}
        self._composites: dict[int, list[int]] = {}
        self._in_parameter_space: set[int] = set()
        self.subfigures: dict[int, tuple[str, list[int]]] = {}
        self._instances: dict[int, int] = {}
        self._takers: dict[int, Callable[[int, list[bytes]], None]] = {
            LINE: self._take_line,
            POINT: self._take_point,
            COPIOUS: self._take_copious,
            ARC: self._take_arc,
            COMPOSITE: self._take_composite,
            SPLINE_CURVE: self._take_spline_curve,
            SPLINE_SURFACE: self._take_spline_surface,
            MATRIX: self._take_matrix,
            CURVE_ON_SURFACE: self._take_curve_on_surface,
            SUBFIGURE: self._take_subfigure,
            SUBFIGURE_INSTANCE: self._take_instance,
        }

    def read(self, sections: Sections) -> None:
        """Read the parameter section and the end of the file."""
        pieces: list[bytes] = []
        size, owner = 0, 0
        for record in sections.section(b"P"):
            current = integer(record[64:72], sections.line)
            if current != owner:
                self._take(owner, pieces, sections.line - 1)
                pieces, size, owner = [], 0, current
            pieces.append(record[:64])
            size += 64
            if size > MAX_PARAMETERS:
                raise ParseError("an entity has too many parameters", sections.line)
        self._take(owner, pieces, sections.line)
        sections.expect_end()

    def box(self, *, exact: bool) -> Box:
        """Return the box around everything that lies in space."""
        self._place_moved()
        self._hide_composites()
        placed_elsewhere = bool(self._instances) or any(e.type == SOLID_INSTANCE for e in self._directory.values())
        whole = Box(exact=exact and not placed_elsewhere)
        for number, box in self._boxes.items():
            if number not in self._in_parameter_space:
                whole.join(box)
        return whole

    def subfigure_names(self) -> list[str]:
        """Return the names of the subfigure definitions."""
        return list(dict.fromkeys(name for name, _ in self.subfigures.values()))[:MAX_TEXT]

    def assembly(self, whole: Item) -> Assembly:
        """Return subfigures as products: the file is the root, an instance is a usage."""
        items = {0: whole, **{number: Item(name, name) for number, (name, _) in self.subfigures.items()}}
        usages, inside = [], set()
        for number, (_, members) in self.subfigures.items():
            for member in members:
                if member in self._instances:
                    inside.add(member)
                    usages.append(self._usage(member, number))
        usages += [self._usage(number, 0) for number in self._instances if number not in inside]
        used = {usage.component for usage in usages}
        # A definition that nothing instantiates is not part of the whole.
        return Assembly(
            {key: item for key, item in items.items() if key in used or key == 0},
            [usage for usage in usages if usage.assembly in used or usage.assembly == 0],
        )

    def _usage(self, instance: int, assembly: int) -> Usage:
        component = self._instances[instance]
        if component not in self.subfigures:
            raise ParseError(f"the subfigure instance at directory entry {instance} has no definition")
        return Usage(instance, assembly, component)

    def _take(self, number: int, pieces: list[bytes], line: int) -> None:
        """Take the parameter records of one entity."""
        if not pieces:
            return
        entry = self._directory.get(number)
        if entry is None:
            raise ParseError(f"parameters belong to directory entry {number}, which does not exist", line)
        if entry.in_parameter_space:
            self._in_parameter_space.add(number)
        values, ended = split(b"".join(pieces), self._head.delimiter, self._head.terminator)
        if not ended:
            raise ParseError("the parameters of an entity do not end", line)
        taker = self._takers.get(entry.type)
        if taker is None or (self._only is not None and entry.type not in self._only):
            return
        try:
            taker(number, values[1:])
        except ParseError:
            raise
        except (IndexError, ValueError, OverflowError) as error:
            raise ParseError(f"the parameters of a {_kind_name(entry.type)} do not fit its type", line) from error

    def _add_points(self, number: int, coordinates: array[float]) -> None:
        matrix = self._directory[number].matrix
        if matrix:
            self._moved.append((number, matrix, coordinates))
            return
        box = self._boxes.setdefault(number, Box())
        for at in range(0, len(coordinates) - 2, 3):
            box.add(coordinates[at], coordinates[at + 1], coordinates[at + 2])

    def _place_moved(self) -> None:
        """Apply transformation matrices, which may stand behind the entities that use them."""
        for number, matrix, coordinates in self._moved:
            placement = self._placement(matrix)
            box = self._boxes.setdefault(number, Box())
            for at in range(0, len(coordinates) - 2, 3):
                box.add(*placement.apply((coordinates[at], coordinates[at + 1], coordinates[at + 2])))
        for number, matrix, arc in self._arcs:
            placement = self._placement(matrix) if matrix else Placement()
            z, x, y, x_start, y_start, x_end, y_end = arc
            centre, start, end = ((x, y, z), (x_start, y_start, z), (x_end, y_end, z))
            radius = ((x_start - x) ** 2 + (y_start - y) ** 2) ** 0.5
            axes = [placement.turn(axis) for axis in AXES]
            circle = Frame(placement.apply(centre), axes[0], axes[1], axes[2])
            box = self._boxes.setdefault(number, Box())
            add_arc(box, circle, radius, placement.apply(start), placement.apply(end))

    def _placement(self, number: int) -> Placement:
        placement = Placement()
        for _ in range(MAX_CHAIN):
            own = self._matrices.get(number)
            if own is None:
                raise ParseError(f"directory entry {number} is used as a transformation matrix, but is none")
            placement = own.after(placement)
            number = self._directory[number].matrix
            if not number:
                return placement
        raise ParseError(f"transformation matrices are chained over {MAX_CHAIN} deep")

    def _hide_composites(self) -> None:
        """A composite in parameter space hides the curves it is made of."""
        hidden = [number for number in self._composites if number in self._in_parameter_space]
        while hidden:
            for member in self._composites.pop(hidden.pop(), []):
                self._in_parameter_space.add(member)
                if member in self._composites:
                    hidden.append(member)

    def _take_line(self, number: int, values: list[bytes]) -> None:
        self._add_points(number, floats(values, 0, 6))

    def _take_point(self, number: int, values: list[bytes]) -> None:
        self._add_points(number, floats(values, 0, 3))

    def _take_copious(self, number: int, values: list[bytes]) -> None:
        form, count = int(values[0]), int(values[1])
        if form == 1:
            height = floats(values, 2, 1)[0]
            flat = floats(values, 3, 2 * count)
            points = array("d")
            for at in range(0, len(flat), 2):
                points.extend((flat[at], flat[at + 1], height))
        elif form == 2:
            points = floats(values, 2, 3 * count)
        else:
            tuples = floats(values, 2, 6 * count)
            points = array("d")
            for at in range(0, len(tuples), 6):
                points.extend(tuples[at : at + 3])
        self._add_points(number, points)

    def _take_arc(self, number: int, values: list[bytes]) -> None:
        self._arcs.append((number, self._directory[number].matrix, floats(values, 0, 7)))

    def _take_composite(self, number: int, values: list[bytes]) -> None:
        self._composites[number] = pointers(values, 1, int(values[0]))

    def _take_spline_curve(self, number: int, values: list[bytes]) -> None:
        upper, degree = size_of(values[0]), size_of(values[1])
        knots, weights = upper + degree + 2, upper + 1
        self._add_points(number, floats(values, 6 + knots + weights, 3 * (upper + 1)))

    def _take_spline_surface(self, number: int, values: list[bytes]) -> None:
        upper_u, upper_v, degree_u, degree_v = (size_of(value) for value in values[:4])
        knots = upper_u + degree_u + 2 + upper_v + degree_v + 2
        poles = (upper_u + 1) * (upper_v + 1)
        self._add_points(number, floats(values, 9 + knots + poles, 3 * poles))

    def _take_matrix(self, number: int, values: list[bytes]) -> None:
        r = floats(values, 0, 12)
        rows = ((r[0], r[1], r[2]), (r[4], r[5], r[6]), (r[8], r[9], r[10]))
        self._matrices[number] = Placement(rows, (r[3], r[7], r[11]))

    def _take_curve_on_surface(self, number: int, values: list[bytes]) -> None:
        del number
        self._in_parameter_space.add(abs(int(values[2] or 0)))

    def _take_subfigure(self, number: int, values: list[bytes]) -> None:
        name = text_of(values[1])[:MAX_NAME] or f"subfigure {number}"
        self.subfigures[number] = (name, pointers(values, 3, int(values[2])))

    def _take_instance(self, number: int, values: list[bytes]) -> None:
        self._instances[number] = int(values[0])


def _kind_name(kind: int) -> str:
    name = ENTITY_NAMES.get(kind)
    return f"{kind} {name}" if name else str(kind)
