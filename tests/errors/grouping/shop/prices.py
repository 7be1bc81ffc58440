"""Prices as people write them: helpers with a bug of their own, called from everywhere."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any


def parse_amount(text: str) -> int:
    """Does not know commas."""
    cleaned = text.strip()
    return int(cleaned)


def import_prices(lines: list[str]) -> list[int]:
    return [parse_amount(line) for line in lines]


def import_rates(lines: list[str]) -> dict[str, int]:
    found = {}
    for line in lines:
        name, _, amount = line.partition("=")
        found[name] = parse_amount(amount)
    return found


def form_amount(data: dict[str, str]) -> int:
    return parse_amount(data["amount"])


def slug(text: Any) -> str:
    """Does not know names of nothing but signs."""
    words = re.findall(r"\w+", text)
    return "-".join([words[0], *words[1:]])


def product_path(name: str) -> str:
    return f"/products/{slug(name)}/"


def category_path(name: str, parent: str) -> str:
    return f"/{parent}/{slug(name)}/"


def distance(here: float, there: float) -> float:
    return math.sqrt(here - there)


def delivery_price(here: float, there: float) -> float:
    return 3 + distance(here, there) * 2


def nearest(here: float, places: list[float]) -> float:
    return min(distance(here, there) for there in places)


def route_length(stops: list[float]) -> float:
    length = 0.0
    for here, there in pairwise(stops):
        length += distance(here, there)
    return length
