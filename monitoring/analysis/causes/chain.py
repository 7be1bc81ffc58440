"""The chain of an error: its request, the tasks of that, and what failed or was slow in each. Pure functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from monitoring.jobs.runs.tree import Node

from .links import Link, LinkKind

_FAILED = frozenset({"FAILURE", "LOST", "REJECTED", "REVOKED"})
_EVER = datetime.min.replace(tzinfo=UTC)


def of_nodes(nodes: Iterable[Node]) -> list[Link]:
    """Return the links of a tree of requests and tasks."""
    return [
        Link(
            id=node.id,
            kind=LinkKind.REQUEST if node.kind == "request" else LinkKind.TASK,
            name=node.name,
            at=node.executions[0].at if node.executions else None,
            parent=node.parent,
            failed=node.state in _FAILED,
            text=_state(node),
        )
        for node in nodes
    ]


def _state(node: Node) -> str:
    retried = f", tried {node.retries + 1} times" if node.retries else ""
    return f"{node.state}{retried}" if node.state else ""


def ordered(links: Sequence[Link], limit: int) -> tuple[list[Link], bool]:
    """Put links in order: each after the one that it happened within, those within one by time.

    Args:
        links: In any order; a parent that is not among them is none, and a circle begins somewhere.
        limit: How many are returned at most.

    Returns:
        The links, and whether there are more.
    """
    known = {link.id: link for link in links}
    below: dict[str | None, list[Link]] = defaultdict(list)
    for link in sorted(known.values(), key=lambda one: (one.at or _EVER, one.id)):
        below[link.parent if link.parent in known and link.parent != link.id else None].append(link)
    shown: dict[str, Link] = {}
    starts = [*below[None], *sorted(known.values(), key=lambda one: (one.at or _EVER, one.id))]
    for start in starts:  # the latter are reached only where they run in a circle
        ahead = [start]
        while ahead and len(shown) < limit:
            link = ahead.pop()
            if link.id not in shown:
                shown[link.id] = link
                ahead += below.get(link.id, [])[::-1]
    return list(shown.values()), len(shown) < len(known)
