"""The product structure of a STEP file: products, versions, definitions, usages, and the representations they have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .assembly import MAX_NAME, Assembly, Item, Usage
from .errors import ParseError
from .part21 import Reference, Typed, Value


@dataclass(frozen=True, slots=True)
class Link:
    """How a component lies in its assembly: the same place seen from either side."""

    component_item: int
    assembly_item: int


@dataclass(frozen=True, slots=True)
class _Relationship:
    first: int
    second: int
    transformation: int | None


class Structure:
    """Collects the records of the product structure and puts them together afterwards."""

    def __init__(self) -> None:
        self._line = 0
        self._numbers: set[int] = set()
        self._products: dict[int, Item] = {}
        self._formations: dict[int, int] = {}
        self._definitions: dict[int, int] = {}
        self._usages: dict[int, tuple[Usage, int]] = {}
        self._shapes: dict[int, int] = {}
        self._representations: list[tuple[int, int]] = []
        self._relationships: dict[int, _Relationship] = {}
        self._transformations: dict[int, Link] = {}
        self._placed_by: list[tuple[int, int]] = []
        self._resolved: _Resolved | None = None
        self.readers: dict[str, Callable[[int, list[Value]], None]] = {
            "PRODUCT": self._product,
            "PRODUCT_DEFINITION_FORMATION": self._formation,
            "PRODUCT_DEFINITION_FORMATION_WITH_SPECIFIED_SOURCE": self._formation,
            "PRODUCT_DEFINITION": self._definition,
            "PRODUCT_DEFINITION_WITH_ASSOCIATED_DOCUMENTS": self._definition,
            "NEXT_ASSEMBLY_USAGE_OCCURRENCE": self._usage,
            "PRODUCT_DEFINITION_SHAPE": self._shape,
            "SHAPE_DEFINITION_REPRESENTATION": self._representation,
            "SHAPE_REPRESENTATION_RELATIONSHIP": self._relationship,
            "REPRESENTATION_RELATIONSHIP": self._relationship,
            "CONTEXT_DEPENDENT_SHAPE_REPRESENTATION": self._context_dependent,
            "ITEM_DEFINED_TRANSFORMATION": self._transformation,
        }

    def add(self, number: int, records: list[Typed], line: int) -> None:
        """Keep one instance: a single record, or the records of a complex one.

        Raises:
            ParseError: An attribute that must be there is not, or is of another type.
        """
        if number in self._numbers:
            raise ParseError(f"#{number} is defined twice", line)
        self._numbers.add(number)
        self._line = line
        by_name = {record.name: record.parameters for record in records}
        if "REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION" in by_name:
            first, second = _references(number, by_name.get("REPRESENTATION_RELATIONSHIP", []), 2, 3)
            (transformation,) = _references(number, by_name["REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION"], 0)
            self._relationships[number] = _Relationship(first, second, transformation)
            return
        for name, parameters in by_name.items():
            # In a complex instance a subtype may stand without attributes of its own.
            if name in self.readers and parameters:
                self.readers[name](number, parameters)

    def assembly(self) -> Assembly:
        """Put the products together.

        Raises:
            ParseError: A record refers to one that is not there, or an assembly contains itself.
        """
        items: dict[int, Item] = {}
        for definition, formation in self._definitions.items():
            product = self._products.get(self._formations.get(formation, 0))
            if product is None:
                raise ParseError(f"the product definition #{definition} belongs to no product")
            items[definition] = product
        for usage, line in self._usages.values():
            for end in (usage.assembly, usage.component):
                if end not in items:
                    raise ParseError(f"#{usage.number} uses #{end}, which is not a product definition", line)
        return Assembly(items, [usage for usage, _ in self._usages.values()])

    def representations_of(self, definition: int) -> Iterator[int]:
        """Yield the shape representations of a product definition, those tied to them without a placement included.

        Many definitions may name the same thousands of them: whoever walks sets the limit.
        """
        resolved = self._resolve()
        for group in resolved.groups_of.get(definition, ()):
            yield from resolved.members[group]

    def placement_of(self, usage: Usage) -> Link | None:
        """Return how a usage is placed, or None when the file does not say."""
        return self._resolve().links.get(usage.number)

    def _resolve(self) -> _Resolved:
        if self._resolved is None:
            self._resolved = self._resolve_groups()
            self._resolve_links(self._resolved)
        return self._resolved

    def _resolve_groups(self) -> _Resolved:
        """Sort the representations into groups of those tied together, so that each is kept once however many ask."""
        groups = _Groups()
        for relationship in self._relationships.values():
            if relationship.transformation is None:
                groups.join(relationship.first, relationship.second)
        groups_of: dict[int, set[int]] = defaultdict(set)
        for shape, representation in self._representations:
            definition = self._shapes.get(shape)
            if definition is not None:
                groups_of[definition].add(groups.of(representation))
        return _Resolved(groups, groups.members(), groups_of)

    def _resolve_links(self, resolved: _Resolved) -> None:
        for relationship_number, shape in self._placed_by:
            usage, _ = self._usages.get(self._shapes.get(shape, 0), (None, 0))
            relationship = self._relationships.get(relationship_number)
            if usage is None or relationship is None or relationship.transformation is None:
                continue
            link = self._transformations.get(relationship.transformation)
            if link is None:
                continue
            # Writers disagree on which side comes first; the component's own representation tells.
            if resolved.groups.of(relationship.first) in resolved.groups_of.get(usage.assembly, ()):
                link = Link(link.assembly_item, link.component_item)
            resolved.links[usage.number] = link

    def _product(self, number: int, parameters: list[Value]) -> None:
        part_number, name = (text[:MAX_NAME] for text in _texts(parameters, 2))
        self._products[number] = Item(part_number or name or f"#{number}", name or part_number or f"#{number}")

    def _formation(self, number: int, parameters: list[Value]) -> None:
        (self._formations[number],) = _references(number, parameters, 2)

    def _definition(self, number: int, parameters: list[Value]) -> None:
        (self._definitions[number],) = _references(number, parameters, 2)

    def _usage(self, number: int, parameters: list[Value]) -> None:
        assembly, component = _references(number, parameters, 3, 4)
        self._usages[number] = (Usage(number, assembly, component), self._line)

    def _shape(self, number: int, parameters: list[Value]) -> None:
        (self._shapes[number],) = _references(number, parameters, 2)

    def _representation(self, number: int, parameters: list[Value]) -> None:
        shape, representation = _references(number, parameters, 0, 1)
        self._representations.append((shape, representation))

    def _relationship(self, number: int, parameters: list[Value]) -> None:
        first, second = _references(number, parameters, 2, 3)
        self._relationships[number] = _Relationship(first, second, None)

    def _context_dependent(self, number: int, parameters: list[Value]) -> None:
        relationship, shape = _references(number, parameters, 0, 1)
        self._placed_by.append((relationship, shape))

    def _transformation(self, number: int, parameters: list[Value]) -> None:
        first, second = _references(number, parameters, 2, 3)
        self._transformations[number] = Link(first, second)


class _Groups:
    """Numbers that are tied together, directly or through others; each group goes by one of its members."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def of(self, number: int) -> int:
        """Return the group of a number."""
        parents = self._parents
        while (parent := parents.setdefault(number, number)) != number:
            # Shortening the way as it is walked keeps it short.
            parents[number] = number = parents[parent]
        return number

    def join(self, one: int, other: int) -> None:
        """Tie two numbers, and so their groups."""
        self._parents[self.of(one)] = self.of(other)

    def members(self) -> dict[int, list[int]]:
        """Return every group and who is in it."""
        members: dict[int, list[int]] = defaultdict(list)
        for number in list(self._parents):
            members[self.of(number)].append(number)
        return members


@dataclass(frozen=True, slots=True)
class _Resolved:
    groups: _Groups
    members: dict[int, list[int]]
    groups_of: dict[int, set[int]]
    links: dict[int, Link] = field(default_factory=dict)


def _references(number: int, parameters: list[Value], *positions: int) -> list[int]:
    found = [parameters[i] if i < len(parameters) else None for i in positions]
    numbers = [value.number for value in found if isinstance(value, Reference)]
    if len(numbers) != len(positions):
        raise ParseError(f"#{number} lacks a reference it must have")
    return numbers


def _texts(parameters: list[Value], count: int) -> list[str]:
    texts = [value.strip() if isinstance(value, str) else "" for value in parameters[:count]]
    return texts + [""] * (count - len(texts))
