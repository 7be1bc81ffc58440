"""What a STEP file says: its schema, units, entity counts, the box around it, its products and their assembly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from .assembly import Assembly, Usage
from .errors import ParseError
from .part21 import Reader, Typed, Value, parse_complex, parse_parameters
from .shape import ROLES, STOP, UNKNOWN, Shape
from .space import Box, between
from .structure import Structure
from .units import Units

MAX_KINDS = 5_000
MAX_TEXTS = 20
MAX_RECORDS = 500_000
MAX_LISTED_PRODUCTS = 1_000

_RECORD_NAME = re.compile(rb"([A-Z0-9_]+)\s*\(")
Take = Callable[[int, bytes], None]


@dataclass(slots=True)
class _Kind:
    """One entity type of the file: how often it came, and who takes its instances."""

    name: str
    take: Take
    count: int = 0


def read_geometry(file: BinaryIO) -> dict[str, Any]:
    """Read everything but the assembly tree.

    Raises:
        ParseError: The file is broken, hostile or no STEP file.
    """
    reader = Reader(file)
    header = reader.header()
    scan = _Scan(reader, with_shape=True)
    scan.run()
    assembly = scan.structure.assembly()
    box, basis = _bounding_box(scan, assembly)
    names = list(dict.fromkeys(item.name for item in assembly.items.values()))
    bounds = box.as_dict()
    return {
        "format": "step",
        "schema": _texts(header.get("FILE_SCHEMA")),
        "description": _texts(header.get("FILE_DESCRIPTION")),
        "originating_system": _text(header.get("FILE_NAME"), 5),
        "instances": scan.instances,
        "entities": dict(scan.counts().most_common()),
        "units": scan.units.summary(),
        "products": names[:MAX_LISTED_PRODUCTS],
        "product_count": len(assembly.items),
        "bounding_box": bounds and {**bounds, "basis": basis},
    }


def read_bom(file: BinaryIO) -> dict[str, Any]:
    """Read the assembly tree and the list of parts.

    Raises:
        ParseError: The file is broken, hostile or no STEP file, or an assembly contains itself.
    """
    reader = Reader(file)
    reader.header()
    scan = _Scan(reader, with_shape=False)
    scan.run()
    return scan.structure.assembly().bill_of_materials()


class _Scan:
    """One pass over the instances, each handed to whom it concerns."""

    def __init__(self, reader: Reader, *, with_shape: bool) -> None:
        self._reader = reader
        self._with_shape = with_shape
        self._kinds: dict[bytes, _Kind] = {}
        self._partial: Counter[str] = Counter()
        self._records = 0
        self.shape = Shape()
        self.structure = Structure()
        self.units = Units()
        self.instances = 0

    def run(self) -> None:
        """Read to the end of the file."""
        kinds = self._kinds
        for number, name, body in self._reader.instances():
            kind = kinds.get(name) or self._introduce(name)
            kind.count += 1
            try:
                kind.take(number, body)
            except ParseError as error:
                if error.line is not None:
                    raise
                raise ParseError(str(error), self._reader.line) from error
        self.instances = sum(kind.count for kind in kinds.values())
        if not self.instances:
            raise ParseError("the file holds no data", self._reader.line)

    def counts(self) -> Counter[str]:
        """Return how many there are of each entity type; a complex instance counts for each of its records."""
        counts = Counter(self._partial)
        for kind in self._kinds.values():
            if kind.name:
                counts[kind.name] += kind.count
        return counts

    def _introduce(self, name: bytes) -> _Kind:
        if len(self._kinds) >= MAX_KINDS:
            raise ParseError(f"the file has more than {MAX_KINDS} entity types", self._reader.line)
        upper = name.decode("ascii").upper()
        kind = self._kinds[name] = _Kind(upper, self._taker(upper))
        return kind

    def _taker(self, name: str) -> Take:
        """Choose who takes the instances of a type."""
        if not name:
            return self._take_complex
        if name in self.structure.readers:
            return lambda number, body: self._take_structure(name, number, body)
        if not self._with_shape:
            return _ignore
        if name in self.units.readers:
            return lambda number, body: self.units.add(number, [Typed(name, parse_parameters(body))])
        add, role = self.shape.add, ROLES.get(name, UNKNOWN)
        return lambda number, body: add(role, number, body)

    def _take_structure(self, name: str, number: int, body: bytes) -> None:
        self._records += 1
        if self._records > MAX_RECORDS:
            raise ParseError(f"the file has more than {MAX_RECORDS} product records")
        self.structure.add(number, [Typed(name, parse_parameters(body))], self._reader.line)

    def _take_complex(self, number: int, body: bytes) -> None:
        if not self._with_shape and b"REPRESENTATION_RELATIONSHIP" not in body and b"ASSEMBLY" not in body:
            return
        # Rational splines are many and long, and nothing but their names and references matters.
        records = [] if b"B_SPLINE" in body else parse_complex(body)
        names = {record.name for record in records} or {name.decode() for name in _RECORD_NAME.findall(body)}
        if len(self._partial) + len(names) > MAX_KINDS:
            raise ParseError(f"the file has more than {MAX_KINDS} entity types")
        self._partial.update(names)
        if not names.isdisjoint(self.structure.readers):
            self.structure.add(number, records, self._reader.line)
        elif not names.isdisjoint(self.units.readers):
            self.units.add(number, records)
        elif self._with_shape:
            is_context = any(name.endswith("_CONTEXT") for name in names)
            self.shape.add(STOP if is_context else UNKNOWN, number, body)


def _ignore(number: int, body: bytes) -> None:
    del number, body


def _bounding_box(scan: _Scan, assembly: Assembly) -> tuple[Box, str]:
    """Box the whole: parts first, then each assembly from its placed components."""
    shape, structure = scan.shape, scan.structure
    shape.allow_visits()
    boxes: dict[int, Box] = {}
    for definition in assembly.components_first():
        box = shape.box(structure.representations_of(definition))
        for usage in assembly.usages_in(definition):
            box.join(_placed(scan, usage, boxes[usage.component]))
        boxes[definition] = box
    whole = Box(exact=not scan.units.mixed)
    for root in assembly.roots():
        whole.join(boxes[root])
    if not whole.empty:
        return whole, "vertices, arcs and control points"
    return shape.box_of_all_points(), "all points of the file"


def _placed(scan: _Scan, usage: Usage, box: Box) -> Box:
    """Move a component's box to where its assembly has it; unmoved and inexact when the file does not say where."""
    if box.empty:
        return box
    link = scan.structure.placement_of(usage)
    if link is not None:
        source, target = scan.shape.frame(link.component_item), scan.shape.frame(link.assembly_item)
        if source is not None and target is not None:
            return box.placed(between(source, target))
    unmoved = Box(exact=False)
    unmoved.join(box)
    return unmoved


def _text(parameters: list[Value] | None, index: int) -> str:
    value = parameters[index] if parameters and len(parameters) > index else None
    return value if isinstance(value, str) else ""


def _texts(parameters: list[Value] | None) -> list[str]:
    values = parameters[0] if parameters else None
    return [value for value in values if isinstance(value, str)][:MAX_TEXTS] if isinstance(values, list) else []
