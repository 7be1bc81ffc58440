"""Products that contain products: cycles and depth bounded, quantities multiplied, the tree written out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from .errors import ParseError

MAX_DEPTH = 64
MAX_TREE_NODES = 5_000
MAX_PARTS = 5_000
MAX_NAME = 200
_NOTHING: Counter[int] = Counter()


@dataclass(frozen=True, slots=True)
class Item:
    """A product as it appears in a bill of materials."""

    part_number: str
    name: str


@dataclass(frozen=True, slots=True)
class Usage:
    """One component at one place in one assembly."""

    number: int
    assembly: int
    component: int


class Assembly:
    """The products of a file and who contains whom.

    Raises:
        ParseError: A product contains itself, or assemblies are nested too deeply.
    """

    def __init__(self, items: dict[int, Item], usages: list[Usage]) -> None:
        self.items = items
        self._usages: dict[int, list[Usage]] = defaultdict(list)
        for usage in usages:
            self._usages[usage.assembly].append(usage)
        self._quantities = {key: Counter(usage.component for usage in of) for key, of in self._usages.items()}
        self._components = {usage.component for usage in usages}
        self._order = self._sort()
        self._check_depth()

    def components_first(self) -> list[int]:
        """Return all products, each behind everything it contains."""
        return self._order

    def usages_in(self, key: int) -> list[Usage]:
        """Return what a product is made of."""
        return self._usages.get(key, [])

    def roots(self) -> list[int]:
        """Return the products that nothing contains."""
        return [key for key in self.items if key not in self._components]

    def bill_of_materials(self) -> dict[str, Any]:
        """Return the tree with quantities, and every part with how often the whole needs it."""
        writer = _TreeWriter(self)
        tree = [writer.node(root, 1) for root in self.roots()[:MAX_TREE_NODES]]
        parts = self._parts()
        return {
            "tree": tree,
            "parts": parts[:MAX_PARTS],
            "truncated": writer.left == 0 or len(parts) > MAX_PARTS,
        }

    def quantities(self, key: int) -> Counter[int]:
        """Return the direct components of a product and how many of each it holds."""
        return self._quantities.get(key, _NOTHING)

    def _parts(self) -> list[dict[str, Any]]:
        totals: Counter[int] = Counter(dict.fromkeys(self.roots(), 1))
        for key in reversed(self._order):
            for component, quantity in self.quantities(key).items():
                totals[component] += totals[key] * quantity
        parts: Counter[Item] = Counter()
        for key, item in self.items.items():
            if key not in self._usages:
                parts[item] += totals[key]
        return [
            {"part_number": item.part_number, "name": item.name, "quantity": quantity}
            for item, quantity in parts.items()
        ]

    def _sort(self) -> list[int]:
        graph: dict[Hashable, set[int]] = {key: set(self.quantities(key)) for key in self.items}
        try:
            return [key for key in TopologicalSorter(graph).static_order() if isinstance(key, int)]
        except CycleError as error:
            cycle = error.args[1]
            names = [self.items[key].name for key in cycle[:4]]
            raise ParseError(f"an assembly contains itself: {' < '.join(names)}") from error

    def _check_depth(self) -> None:
        depth: dict[int, int] = {}
        for key in self._order:
            depth[key] = 1 + max((depth[usage.component] for usage in self.usages_in(key)), default=0)
            if depth[key] > MAX_DEPTH:
                raise ParseError(f"assemblies are nested over {MAX_DEPTH} deep")


class _TreeWriter:
    """Writes the tree out, up to a number of nodes: a small file can describe an enormous one."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self.left = MAX_TREE_NODES

    def node(self, key: int, quantity: int) -> dict[str, Any]:
        item = self._assembly.items[key]
        self.left -= 1
        children = []
        for component, count in self._assembly.quantities(key).items():
            if self.left <= 0:
                self.left = 0
                break
            children.append(self.node(component, count))
        return {"part_number": item.part_number, "name": item.name, "quantity": quantity, "children": children}
