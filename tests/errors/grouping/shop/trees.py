"""Categories: recursion that ends somewhere, or nowhere."""

from __future__ import annotations

from typing import Any


def weight_of(leaf: dict[str, Any]) -> int:
    return int(leaf["weight"])


def walk(node: dict[str, Any]) -> int:
    below = node.get("below")
    if below is None:
        return weight_of(node)
    return walk(below) + 1


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {}
    for _ in range(depth):
        node = {"below": node}
    return node


def depth_of(category: dict[str, Any]) -> int:
    return 1 + depth_of(category["parent"])


def heading(category: dict[str, Any]) -> str:
    return f"{path_of(category)} >"


def path_of(category: dict[str, Any]) -> str:
    name = str(category.get("name"))
    return heading(category["parent"]) + name


def evaluate(node: Any) -> int:
    """Like a parser: three functions in turn, and the bug in one of them."""
    return term(node["term"])


def term(node: Any) -> int:
    return factor(node["factor"])


def factor(node: Any) -> int:
    if "inner" in node:
        return evaluate(node["inner"])
    return 10 // int(node["value"])


def expression(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {"term": {"factor": {"value": 0}}}
    for _ in range(depth):
        found = {"term": {"factor": {"inner": found}}}
    return found
