"""The tree of a trace: each part below what it came of, in time. Pure functions over parts.

Ids come from messages and headers, and so from anybody: parents that are missing, that are their own, that several
parts have, or that run in a circle do neither harm nor loop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from .parts import Node, Part, PartKind

_SAME_CLOCK = frozenset({PartKind.OPERATION, PartKind.CLIENT})
"""What runs in the process of what it came of."""
_NOTABLE = 0.001
"""Seconds below which clocks, and the milliseconds that times are cut to, do not count as different."""


def build(parts: Iterable[Part]) -> list[Node]:
    """Put parts together to trees.

    Args:
        parts: In any order; ids are unique.

    Returns:
        Nodes, each after the one above it; those below one, and the trees, in the order of time.
    """
    nodes = {part.id: Node(part, part.start) for part in sorted(parts, key=lambda part: (part.start, part.id))}
    _find_parents(nodes)
    _cut_circles(nodes)
    ordered = _ordered(nodes)
    for node in ordered:
        node.self_time = _self_time(node, nodes)
    return ordered


class _Index:
    """Parts by what others name them by."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._spans: dict[str, list[Part]] = defaultdict(list)
        self._tasks: dict[str, list[Part]] = defaultdict(list)
        self._requests: dict[str, list[Part]] = defaultdict(list)
        for part in parts:
            if part.span_id:
                self._spans[part.span_id].append(part)
            if part.kind is PartKind.TASK and part.task_id:
                self._tasks[part.task_id].append(part)
            if part.kind is PartKind.REQUEST and part.request_id:
                self._requests[part.request_id].append(part)

    def above(self, part: Part) -> Part | None:
        """Return what a part came of: the span that it names, else the task or request that had set it off."""
        if part.parent_span_id and (named := _latest(self._spans.get(part.parent_span_id, ()), part)) is not None:
            return named
        if part.kind is PartKind.REQUEST:
            return None
        task_id = part.parent_task_id if part.kind is PartKind.TASK else part.task_id
        if task_id:
            return _latest(self._tasks.get(task_id, ()), part)
        requests = [one for one in self._requests.get(part.request_id, ()) if part.origin in ("", one.name)]
        return requests[0] if len(requests) == 1 else None


class Owners:
    """Finds what things happened in.

    Args:
        parts: Of the trace.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._index = _Index(sorted(parts, key=lambda part: (part.start, part.id)))

    def of(self, span_id: str, task_id: str, request_id: str, at: datetime) -> Part | None:
        """Return the part, or None where it is not kept."""
        kind = PartKind.OPERATION
        asked = Part("", kind, "", "", at, None, parent_span_id=span_id, request_id=request_id, task_id=task_id)
        return self._index.above(asked)


def _latest(candidates: Sequence[Part], part: Part) -> Part | None:
    """Return the last that had begun before a part did, else the first: what is delivered again has the same ids."""
    others = [one for one in candidates if one.id != part.id]
    begun = [one for one in others if one.start <= part.start]
    return begun[-1] if begun else others[0] if others else None


def _find_parents(nodes: dict[str, Node]) -> None:
    index = _Index(node.part for node in nodes.values())
    for node in nodes.values():
        above = index.above(node.part)
        node.parent = above.id if above is not None else None
        told = node.part.parent_span_id or node.part.parent_task_id or node.part.origin
        inner = node.part.kind in _SAME_CLOCK
        node.parent_unknown = above is None and (bool(told) or inner)


def _cut_circles(nodes: dict[str, Node]) -> None:
    """Let every circle begin somewhere: with what began first."""
    done: set[str] = set()
    for node in nodes.values():
        path: dict[str, None] = {}
        here: Node | None = node
        while here is not None and here.id not in done:
            if here.id in path:
                ring = list(path)[list(path).index(here.id) :]
                first = min((nodes[one] for one in ring), key=lambda one: (one.part.start, one.id))
                first.parent, first.parent_unknown = None, True
                break
            path[here.id] = None
            here = nodes[here.parent] if here.parent is not None else None
        done |= path.keys()


def _ordered(nodes: dict[str, Node]) -> list[Node]:
    """Return nodes each after the one above it, with what depends on that: depths, children, starts."""
    below: dict[str | None, list[Node]] = defaultdict(list)
    for node in nodes.values():  # by time, as they were put in
        below[node.parent].append(node)
    ordered: list[Node] = []
    ahead = below[None][::-1]
    while ahead:
        node = ahead.pop()
        ordered.append(node)
        under = below.get(node.id, [])
        for one in under:
            one.depth = node.depth + 1
            _put_after(one, node)
        under.sort(key=lambda one: (one.start, one.id))
        node.children = [one.id for one in under]
        ahead += under[::-1]
    return ordered


def _put_after(node: Node, above: Node) -> None:
    """Let a node begin no earlier than what it came of, and what runs in the same process keep its distance."""
    start = node.part.start
    if node.part.kind in _SAME_CLOCK:
        start += above.start - above.part.start
    node.start = max(start, above.start)
    shift = (node.start - node.part.start).total_seconds()
    node.adjusted = shift if shift >= _NOTABLE else 0.0


def _self_time(node: Node, nodes: dict[str, Node]) -> float | None:
    """Return the seconds of a node in which nothing below it ran."""
    if node.part.duration is None:
        return None
    end = node.start + timedelta(seconds=node.part.duration)
    covered, until = 0.0, node.start
    for child in sorted((nodes[one] for one in node.children), key=lambda one: one.start):
        last = end if child.part.duration is None else child.start + timedelta(seconds=child.part.duration)
        begin, last = max(child.start, until), min(last, end)
        if last > begin:
            covered += (last - begin).total_seconds()
            until = last
    return max(0.0, node.part.duration - covered)
