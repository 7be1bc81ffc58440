"""Makes sample files: blocks with drilled holes, assemblies of them, an IGES drawing, and a broken file.

`python -m designs.parsing.samples [folder]` writes the ones kept in `designs/samples/`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .part21 import Derived, Enumeration, Reference, Typed, Value
from .part21_writer import write_file, write_instance

T, F = Enumeration("T"), Enumeration("F")
FOLDER = Path(__file__).resolve().parent.parent / "samples"
WHEN = "2026-11-01T12:00:00"


@dataclass(frozen=True)
class Part:
    """A block, with an upright hole of the given radius through its middle when that is not zero."""

    part_number: str
    name: str
    size: tuple[float, float, float]
    hole: float = 0.0


@dataclass(frozen=True)
class Group:
    """An assembly: components, each with where its origin goes."""

    part_number: str
    name: str
    components: list[tuple[Part | Group, tuple[float, float, float]]] = field(default_factory=list)


class StepWriter:
    """Writes parts and assemblies as AP214, the way CAD systems structure it."""

    def __init__(self, length_unit: str = "MILLI") -> None:
        self._instances: list[str] = []
        self._definitions: dict[str, tuple[Reference, Reference, Reference]] = {}
        self._context = self._add("APPLICATION_CONTEXT", "automotive design")
        self._product_context = self._add("PRODUCT_CONTEXT", "", self._context, "mechanical")
        self._design_context = self._add("PRODUCT_DEFINITION_CONTEXT", "part definition", self._context, "design")
        self._geometry_context = self._units(length_unit)

    def product(self, product: Part | Group) -> None:
        """Write a product with everything in it."""
        self._define(product)

    def file(self, name: str) -> bytes:
        """Return the whole file."""
        header = [
            Typed("FILE_DESCRIPTION", [["a sample made by Enginel"], "2;1"]),
            Typed("FILE_NAME", [name, WHEN, ["Enginel"], ["Enginel"], "Enginel samples", "Enginel samples", ""]),
            Typed("FILE_SCHEMA", [["AUTOMOTIVE_DESIGN { 1 0 10303 214 3 1 1 }"]]),
        ]
        return write_file(header, self._instances)

    def _add(self, name: str, *parameters: Value) -> Reference:
        return self._add_complex(Typed(name, list(parameters)))

    def _add_complex(self, *records: Typed) -> Reference:
        number = len(self._instances) + 1
        self._instances.append(write_instance(number, *records))
        return Reference(number)

    def _units(self, length_unit: str) -> Reference:
        def si(quantity: str, prefix: Value, name: str) -> Reference:
            unit = Typed("SI_UNIT", [prefix, Enumeration(name)])
            return self._add_complex(Typed(quantity, []), Typed("NAMED_UNIT", [Derived()]), unit)

        length = si("LENGTH_UNIT", Enumeration("MILLI"), "METRE")
        if length_unit == "INCH":
            measure = self._add("LENGTH_MEASURE_WITH_UNIT", Typed("LENGTH_MEASURE", [25.4]), length)
            exponents = self._add("DIMENSIONAL_EXPONENTS", 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            length = self._add_complex(
                Typed("CONVERSION_BASED_UNIT", ["INCH", measure]),
                Typed("LENGTH_UNIT", []),
                Typed("NAMED_UNIT", [exponents]),
            )
        angle = si("PLANE_ANGLE_UNIT", None, "RADIAN")
        solid = si("SOLID_ANGLE_UNIT", None, "STERADIAN")
        return self._add_complex(
            Typed("GEOMETRIC_REPRESENTATION_CONTEXT", [3]),
            Typed("GLOBAL_UNIT_ASSIGNED_CONTEXT", [[length, angle, solid]]),
            Typed("REPRESENTATION_CONTEXT", ["", "3D"]),
        )

    def _define(self, product: Part | Group) -> tuple[Reference, Reference, Reference]:
        """Return definition, representation and origin of a product, written once however often it is used."""
        if product.part_number not in self._definitions:
            written = self._add("PRODUCT", product.part_number, product.name, "", [self._product_context])
            formation = self._add("PRODUCT_DEFINITION_FORMATION", "", "", written)
            definition = self._add("PRODUCT_DEFINITION", "design", "", formation, self._design_context)
            shape = self._add("PRODUCT_DEFINITION_SHAPE", "", "", definition)
            origin = self._placement((0.0, 0.0, 0.0))
            representation = self._represent(product, definition, origin)
            self._add("SHAPE_DEFINITION_REPRESENTATION", shape, representation)
            self._definitions[product.part_number] = (definition, representation, origin)
        return self._definitions[product.part_number]

    def _represent(self, product: Part | Group, definition: Reference, origin: Reference) -> Reference:
        if isinstance(product, Part):
            items: list[Value] = [origin, _Solid(self._add).block(product)]
            return self._add("ADVANCED_BREP_SHAPE_REPRESENTATION", product.name, items, self._geometry_context)
        components = [(self._define(component), place) for component, place in product.components]
        places = [self._placement(place) for _, place in components]
        axes: list[Value] = [origin, *places]
        representation = self._add("SHAPE_REPRESENTATION", product.name, axes, self._geometry_context)
        for count, ((component, own, own_origin), _) in enumerate(components):
            self._use(definition, representation, component, own, (own_origin, places[count]))
        return representation

    def _use(
        self,
        assembly: Reference,
        whole: Reference,
        component: Reference,
        part: Reference,
        items: tuple[Reference, Reference],
    ) -> None:
        number = str(len(self._instances))
        usage = self._add("NEXT_ASSEMBLY_USAGE_OCCURRENCE", number, "", "", assembly, component, None)
        shape = self._add("PRODUCT_DEFINITION_SHAPE", "placement", "", usage)
        transformation = self._add("ITEM_DEFINED_TRANSFORMATION", "", "", *items)
        relationship = self._add_complex(
            Typed("REPRESENTATION_RELATIONSHIP", ["", "", part, whole]),
            Typed("REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION", [transformation]),
            Typed("SHAPE_REPRESENTATION_RELATIONSHIP", []),
        )
        self._add("CONTEXT_DEPENDENT_SHAPE_REPRESENTATION", relationship, shape)

    def _placement(self, at: tuple[float, float, float]) -> Reference:
        location = self._add("CARTESIAN_POINT", "", [float(value) for value in at])
        axis = self._add("DIRECTION", "", [0.0, 0.0, 1.0])
        return self._add("AXIS2_PLACEMENT_3D", "", location, axis, self._add("DIRECTION", "", [1.0, 0.0, 0.0]))


Corner = tuple[int, int, int]


class _Solid:
    """Writes a block as faces, each edge shared by the two faces it parts."""

    LOOPS: tuple[tuple[Corner, Corner, Corner, Corner], ...] = (
        ((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)),
        ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
        ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)),
        ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)),
        ((1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 1, 1)),
        ((0, 1, 0), (0, 0, 0), (0, 0, 1), (0, 1, 1)),
    )
    NORMALS = ((0, 0, -1), (0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 1, 0), (-1, 0, 0))

    def __init__(self, add: Callable[..., Reference]) -> None:
        self._add = add
        self._vertices: dict[Corner, Reference] = {}
        self._edges: dict[tuple[Corner, Corner], Reference] = {}

    def block(self, part: Part) -> Reference:
        """Write the solid of a part."""
        bounds = [[self._bound(part, loop)] for loop in self.LOOPS]
        faces: list[Value] = []
        if part.hole:
            low, high, wall = self._hole(part)
            bounds[0].append(low)
            bounds[1].append(high)
            faces.append(wall)
        for loop, normal, bound in zip(self.LOOPS, self.NORMALS, bounds, strict=True):
            x, y, z = (float(n) for n in normal)
            plane = self._add("PLANE", "", self._frame(self._spot(part, loop[0]), (x, y, z)))
            faces.append(self._add("ADVANCED_FACE", "", [*bound], plane, T))
        return self._add("MANIFOLD_SOLID_BREP", part.name, self._add("CLOSED_SHELL", "", faces))

    def _bound(self, part: Part, loop: tuple[Corner, ...]) -> Reference:
        oriented: list[Value] = []
        for start, end in zip(loop, (*loop[1:], loop[0]), strict=True):
            forward = (end, start) not in self._edges
            edge = self._edge(part, start, end) if forward else self._edges[end, start]
            oriented.append(self._add("ORIENTED_EDGE", "", Derived(), Derived(), edge, T if forward else F))
        return self._add("FACE_OUTER_BOUND", "", self._add("EDGE_LOOP", "", oriented), T)

    def _edge(self, part: Part, start: Corner, end: Corner) -> Reference:
        first, last = self._vertex(part, start), self._vertex(part, end)
        along = [float(b - a) for a, b in zip(start, end, strict=True)]
        line = self._line(self._spot(part, start), along)
        self._edges[start, end] = self._add("EDGE_CURVE", "", first, last, line, T)
        return self._edges[start, end]

    def _line(self, start: list[float], along: list[float]) -> Reference:
        vector = self._add("VECTOR", "", self._add("DIRECTION", "", [*along]), 1.0)
        return self._add("LINE", "", self._point(start), vector)

    def _hole(self, part: Part) -> tuple[Reference, Reference, Reference]:
        """Write the rims of the hole as bounds of the bottom and the top, and its wall."""
        x, y, height = part.size[0] / 2, part.size[1] / 2, part.size[2]
        rims, vertices = [], []
        for z in (0.0, height):
            vertex = self._add("VERTEX_POINT", "", self._point([x + part.hole, y, z]))
            circle = self._add("CIRCLE", "", self._frame([x, y, z], (0.0, 0.0, 1.0)), part.hole)
            vertices.append(vertex)
            rims.append(self._add("EDGE_CURVE", "", vertex, vertex, circle, T))
        seam = self._add("EDGE_CURVE", "", *vertices, self._line([x + part.hole, y, 0.0], [0.0, 0.0, 1.0]), T)
        surface = self._add("CYLINDRICAL_SURFACE", "", self._frame([x, y, 0.0], (0.0, 0.0, 1.0)), part.hole)
        around = [(rims[0], T), (seam, T), (rims[1], F), (seam, F)]
        outline: list[Value] = [self._add("ORIENTED_EDGE", "", Derived(), Derived(), e, way) for e, way in around]
        bound = self._add("FACE_OUTER_BOUND", "", self._add("EDGE_LOOP", "", outline), T)
        wall = self._add("ADVANCED_FACE", "", [bound], surface, F)
        return self._rim(rims[0], T), self._rim(rims[1], F), wall

    def _rim(self, edge: Reference, way: Enumeration) -> Reference:
        oriented = self._add("ORIENTED_EDGE", "", Derived(), Derived(), edge, way)
        return self._add("FACE_BOUND", "", self._add("EDGE_LOOP", "", [oriented]), T)

    def _vertex(self, part: Part, corner: Corner) -> Reference:
        if corner not in self._vertices:
            self._vertices[corner] = self._add("VERTEX_POINT", "", self._point(self._spot(part, corner)))
        return self._vertices[corner]

    def _spot(self, part: Part, corner: Corner) -> list[float]:
        return [side if bit else 0.0 for side, bit in zip(part.size, corner, strict=True)]

    def _point(self, at: list[float]) -> Reference:
        return self._add("CARTESIAN_POINT", "", [*at])

    def _frame(self, at: list[float], axis: tuple[float, float, float]) -> Reference:
        lean = [0.0, 1.0, 0.0] if axis[0] else [1.0, 0.0, 0.0]
        directions = (self._add("DIRECTION", "", [*axis]), self._add("DIRECTION", "", [*lean]))
        return self._add("AXIS2_PLACEMENT_3D", "", self._point(at), *directions)


def plate() -> bytes:
    """Return a single part: a plate with one hole."""
    writer = StepWriter()
    writer.product(Part("EN-100", "Base plate", (120.0, 80.0, 10.0), hole=12.5))
    return writer.file("plate.step")


def gearbox() -> bytes:
    """Return an assembly: two bearing units (a housing, two rings each) and four spacers on a plate, in inches."""
    ring = Part("EN-230", "Ring 6201 \u00d832", (1.25, 1.25, 0.4), hole=0.25)
    housing = Part("EN-220", "Housing", (2.0, 2.0, 1.5), hole=0.625)
    unit = Group(
        "EN-210", "Bearing unit", [(housing, (0, 0, 0)), (ring, (0.375, 0.375, 1.5)), (ring, (0.375, 0.375, 2))]
    )
    spacer = Part("EN-240", "Spacer, customer's own", (0.5, 0.5, 0.75))
    base = Part("EN-201", "Gearbox plate", (8.0, 4.0, 0.5))
    corners = [(0.0, 0.0), (7.5, 0.0), (0.0, 3.5), (7.5, 3.5)]
    components: list[tuple[Part | Group, tuple[float, float, float]]] = [(base, (0, 0, 0))]
    components += [(unit, (1.0, 1.0, 0.5)), (unit, (5.0, 1.0, 0.5))]
    components += [(spacer, (x, y, -0.75)) for x, y in corners]
    writer = StepWriter("INCH")
    writer.product(Group("EN-200", "Gearbox", components))
    return writer.file("gearbox.step")


def broken() -> bytes:
    """Return a file that is cut off in the middle of an instance, as after a failed transfer."""
    whole = plate()
    return whole[: whole.index(b"MANIFOLD_SOLID_BREP") - 40]


class IgesWriter:
    """Writes entities in the fixed 80-column form."""

    def __init__(self) -> None:
        self._directory: list[str] = []
        self._parameters: list[str] = []

    def add(self, kind: int, *values: int | float | str, matrix: int = 0, status: int = 0) -> int:
        """Write one entity and return its directory number."""
        number = len(self._directory) + 1
        text = ",".join([str(kind), *map(_iges_value, values)]) + ";"
        pieces = [text[at : at + 64] for at in range(0, len(text), 64)]
        first = len(self._parameters) + 1
        for piece in pieces:
            self._parameters.append(f"{piece:<64}{number:>8}P{len(self._parameters) + 1:>7}")
        fields = (kind, first, 0, 0, 0, 0, matrix, 0)
        self._directory.append("".join(f"{value:>8}" for value in fields) + f"{status:08}D{number:>7}")
        fields = (kind, 0, 0, len(pieces), 0)
        self._directory.append("".join(f"{value:>8}" for value in fields) + f"{'':>32}D{number + 1:>7}")
        return number

    def file(self, name: str, unit_flag: int = 2, unit: str = "MM") -> bytes:
        """Return the whole file."""
        values: list[int | float | str] = [
            ",", ";", name, f"{name}.igs", "Enginel samples", "1.0", 32, 38, 6, 308, 15, name, 1.0, unit_flag, unit, 1,
            0.1, "20261101.120000", 0.001, 1000.0, "Enginel", "Enginel", 11, 0, "20261101.120000",
        ]  # fmt: skip
        text = ",".join(map(_iges_value, values)) + ";"
        head = [text[at : at + 72] for at in range(0, len(text), 72)]
        lines = [f"{'A sample made by Enginel':<72}S{1:>7}"]
        lines += [f"{piece:<72}G{number:>7}" for number, piece in enumerate(head, 1)]
        lines += [*self._directory, *self._parameters]
        counts = (("S", 1), ("G", len(head)), ("D", len(self._directory)), ("P", len(self._parameters)))
        lines.append(f"{''.join(f'{letter}{count:>7}' for letter, count in counts):<72}T{1:>7}")
        return ("\n".join(lines) + "\n").encode("ascii")


def _iges_value(value: float | str) -> str:
    return f"{len(value)}H{value}" if isinstance(value, str) else str(value)


def bracket() -> bytes:
    """Return an IGES drawing: an outline, arcs, a spline, and a bolt used three times as a subfigure."""
    writer = IgesWriter()
    outline = [(0.0, 0.0), (60.0, 0.0), (60.0, 40.0), (0.0, 40.0)]
    edges = [
        writer.add(110, *start, 0.0, *end, 0.0) for start, end in zip(outline, [*outline[1:], outline[0]], strict=True)
    ]
    writer.add(102, len(edges), *edges)
    writer.add(100, 0.0, 30.0, 20.0, 40.0, 20.0, 40.0, 20.0)
    writer.add(126, 2, 2, 0, 0, 1, 0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
               0.0, 40.0, 0.0, 30.0, 55.0, 0.0, 60.0, 40.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0)  # fmt: skip
    shank = writer.add(110, 0.0, 0.0, 0.0, 0.0, 0.0, 12.0, status=10000)
    bolt = writer.add(308, 0, "Bolt M4", 1, shank)
    for x in (10.0, 30.0, 50.0):
        writer.add(408, bolt, x, 20.0, 0.0, 1.0)
    return writer.file("Bracket EN-300")


SAMPLES = {"plate.step": plate, "gearbox.step": gearbox, "broken.step": broken, "bracket.igs": bracket}


def main() -> None:
    """Write the samples into the folder given, or where they are kept."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in SAMPLES.items():
        (folder / name).write_bytes(make())


if __name__ == "__main__":
    main()
