"""Writes small STEP files (ISO 10303-21, AP214) for the sample workload: an assembly of boxes, in millimetres."""

from itertools import product

_HEADER = """\
ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('{name}'),'2;1');
FILE_NAME('{name}.step','2026-01-01T00:00:00',('Enginel'),('Enginel'),'enginel demo','enginel demo','');
FILE_SCHEMA(('AUTOMOTIVE_DESIGN {{ 1 0 10303 214 1 1 1 1 }}'));
ENDSEC;
DATA;
"""
_PART_SIZE = 40.0


class _Entities:
    """Numbers the entities of one file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, text: str) -> str:
        """Append an entity and return the reference to it."""
        self.lines.append(f"#{len(self.lines) + 1}={text};")
        return f"#{len(self.lines)}"


def assembly(name: str, parts: int) -> str:
    """Return the text of a file that holds one assembly of this many boxes in a row."""
    entities = _Entities()
    context = entities.add("APPLICATION_CONTEXT('core data for automotive mechanical design processes')")
    product_context = entities.add(f"PRODUCT_CONTEXT('',{context},'mechanical')")
    definition_context = entities.add(f"PRODUCT_DEFINITION_CONTEXT('part definition',{context},'design')")
    space = _space(entities)
    root = _product(entities, name, product_context, definition_context)
    for number in range(1, parts + 1):
        part = _product(entities, f"{name} part {number}", product_context, definition_context)
        entities.add(f"NEXT_ASSEMBLY_USAGE_OCCURRENCE('{number}','part {number}','',{root},{part},$)")
        _box(entities, part, space, offset=(number - 1) * _PART_SIZE)
    return _HEADER.format(name=name) + "\n".join(entities.lines) + "\nENDSEC;\nEND-ISO-10303-21;\n"


def _space(entities: _Entities) -> str:
    """Declare millimetres, radians and the accuracy of the geometry."""
    length = entities.add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))")
    angle = entities.add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
    solid = entities.add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
    accuracy = entities.add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-6),{length},'accuracy','')")
    return entities.add(
        f"(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({accuracy}))"
        f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid}))REPRESENTATION_CONTEXT('',''))"
    )


def _product(entities: _Entities, name: str, product_context: str, definition_context: str) -> str:
    thing = entities.add(f"PRODUCT('{name}','{name}','',({product_context}))")
    formation = entities.add(f"PRODUCT_DEFINITION_FORMATION('','',{thing})")
    return entities.add(f"PRODUCT_DEFINITION('design','',{formation},{definition_context})")


def _box(entities: _Entities, part: str, space: str, offset: float) -> None:
    """Give a part the eight corners of a box as its shape."""
    corners = [
        entities.add(f"CARTESIAN_POINT('',({offset + x:.1f},{y:.1f},{z:.1f}))")
        for x, y, z in product((0.0, _PART_SIZE), (0.0, 25.0), (0.0, 10.0))
    ]
    points = entities.add(f"GEOMETRIC_SET('',({','.join(corners)}))")
    shape = entities.add(f"SHAPE_REPRESENTATION('',({points}),{space})")
    definition = entities.add(f"PRODUCT_DEFINITION_SHAPE('','',{part})")
    entities.add(f"SHAPE_DEFINITION_REPRESENTATION({definition},{shape})")
