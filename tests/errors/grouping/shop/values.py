"""Values with generated constructors, and rows of files."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import attrs

Row = namedtuple("Row", ["sku", "name", "price"])


@dataclass
class Money:
    """Checks its amount; who passes a wrong one is to blame."""

    cents: int

    def __post_init__(self) -> None:
        if self.cents < 0:
            raise ValueError(f"amount {self.cents} is below zero")


@dataclass
class Parcel:
    """Its default is made wrong."""

    sku: str
    label: str = field(default_factory=lambda: {"a": "b"}["c"])


@attrs.define
class Shelf:
    """Its converter is wrong."""

    number: Any = attrs.field(converter=lambda value: int(value.strip("A"), 8))


def read_row(cells: list[str]) -> Any:
    return Row._make(cells)


def new_row(sku: str) -> Any:
    return Row(sku, "a name")


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["rank"])


def column(cells: list[str]) -> list[float]:
    return [float(cell) for cell in cells]


def index(rows: list[dict[str, Any]]) -> dict[Any, Any]:
    return {row["code"]: row for row in rows}


def prices(rows: list[str]) -> Iterator[float]:
    for row in rows:
        yield float(row.split(";")[1])


def cheapest(rows: list[str]) -> float:
    return min(prices(rows))


def sum_of(rows: list[str]) -> float:
    return sum(prices(rows))


def as_lines(rows: list[str]) -> str:
    return "\n".join(str(price) for price in prices(rows))
