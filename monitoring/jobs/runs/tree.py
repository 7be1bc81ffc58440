"""The tree of what a request or a task set off: request, its tasks, their tasks. Pure functions over executions.

Ids come from messages, and so from anybody: parents that are missing, that are their own, or that run in a circle do
neither harm nor loop.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

STARTED = "STARTED"
"""State of an execution that has begun and not ended, as Celery calls it."""
MAX_NODES = 1_000
_REQUEST = re.compile(r"[A-Z_]+ ")
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Execution:
    """One run of a task: one that was kept, or one that goes on."""

    task_id: str
    name: str
    state: str
    began: datetime | None = None
    ended: datetime | None = None
    duration: float | None = None
    reason: str = ""
    retries: int = 0
    queue: str = ""
    worker: str = ""
    exception: str = ""
    parent_id: str = ""
    root_id: str = ""
    group_id: str = ""
    trace_id: str = ""
    request_id: str = ""
    origin: str = ""

    @property
    def at(self) -> datetime:
        """When it began, or else when it ended."""
        return self.began or self.ended or _NEVER

    @property
    def published_by_request(self) -> bool:
        """Whether it was a request that published it: its origin has a method, which no task's name has."""
        return _REQUEST.match(self.origin) is not None


@dataclass
class Node:
    """A request, or a task with all of its executions.

    Attributes:
        id: Unique in its tree; the task's id unless it is a request.
        kept: Whether anything is known of it but that others name it.
        parent: Id of the node above it.
        depth: How many nodes are above it.
        state: Of the last execution; None where none is known.
        retries: How often it was tried again.
        group_id: The group it is in.
        body: Whether it is the body of the chord whose header is that group.
        executions: The oldest first.
    """

    id: str
    kind: Literal["request", "task"] = "task"
    name: str = ""
    kept: bool = True
    parent: str | None = None
    depth: int = 0
    children: list[str] = field(default_factory=list)
    state: str | None = None
    retries: int = 0
    group_id: str = ""
    body: bool = False
    request_id: str = ""
    executions: list[Execution] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        """When it began; the beginning of time for what nothing is known of, which began before what it set off."""
        return self.executions[0].at if self.executions else datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Tree:
    """Nodes, each after the one above it; those below one in the order of time."""

    nodes: list[Node]
    truncated: bool


def build(executions: Iterable[Execution], limit: int = MAX_NODES) -> Tree:
    """Put executions together to a tree, or to several where nothing joins them.

    Args:
        executions: In any order; those without a task's id are left out.
        limit: How many nodes it has at most.
    """
    nodes = _tasks(executions)
    _add_missing(nodes)
    _add_requests(nodes)
    _cut_circles(nodes)
    below: dict[str | None, list[Node]] = defaultdict(list)
    for node in sorted(nodes.values(), key=lambda node: (node.at, node.id)):
        below[node.parent].append(node)
    shown: list[Node] = []
    for node in _walk(below):
        if len(shown) == limit:
            break
        shown.append(node)
    _link(shown)
    return Tree(shown, len(shown) < len(nodes))


def _tasks(executions: Iterable[Execution]) -> dict[str, Node]:
    """Merge executions by task."""
    by_task: dict[str, list[Execution]] = defaultdict(list)
    for execution in executions:
        if execution.task_id:
            by_task[execution.task_id].append(execution)
    return {task_id: _task(task_id, _sorted(found)) for task_id, found in by_task.items()}


def _sorted(executions: Sequence[Execution]) -> list[Execution]:
    """Return executions by time, without those that are said to go on though their end is known."""
    over = {execution.began for execution in executions if execution.state != STARTED}
    left = [execution for execution in executions if execution.state != STARTED or execution.began not in over]
    return sorted(left, key=lambda execution: (execution.at, execution.ended or _NEVER))


def _task(task_id: str, executions: list[Execution]) -> Node:
    last = executions[-1]
    parent = _first(execution.parent_id for execution in executions)
    root = _first(execution.root_id for execution in executions)
    above = next((above for above in (parent, root) if above and above != task_id), None)
    return Node(
        id=task_id,
        name=last.name,
        parent=above,
        state=last.state,
        retries=max(execution.retries for execution in executions),
        group_id=_first(execution.group_id for execution in executions),
        request_id=_first(execution.request_id for execution in executions),
        executions=executions,
    )


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")


def _add_missing(nodes: dict[str, Node]) -> None:
    """Add the nodes that others name as theirs above; below the root, where they do not come themselves first."""
    for node in list(nodes.values()):
        if node.parent is None or node.parent in nodes:
            continue
        root = _first(execution.root_id for execution in node.executions)
        origin = "" if node.executions[0].published_by_request else _first(one.origin for one in node.executions)
        above = root if root not in ("", node.parent, node.id) else None
        missing = Node(node.parent, name=origin, kept=False, parent=above, request_id=node.request_id)
        nodes[missing.id] = missing
        if above is not None and above not in nodes:
            nodes[above] = Node(above, kept=False, request_id=node.request_id)


def _add_requests(nodes: dict[str, Node]) -> None:
    """Put the requests that published them above the tasks that come first."""
    first = [node for node in nodes.values() if node.parent is None]
    requests: dict[tuple[str, str], Node] = {}
    by_id: dict[str, list[Node]] = defaultdict(list)
    for node in first:
        if not node.executions or not node.executions[0].published_by_request:
            continue
        key = (node.request_id, node.executions[0].origin)
        if key not in requests:
            made = Node(_fresh(nodes, f"request:{node.request_id}"), "request", key[1], request_id=node.request_id)
            requests[key] = nodes[made.id] = made
            by_id[node.request_id].append(made)
        node.parent = requests[key].id
    for node in first:
        candidates = by_id.get(node.request_id, [])
        if not node.kept and len(candidates) == 1:
            node.parent = candidates[0].id


def _fresh(nodes: dict[str, Node], name: str) -> str:
    """Return a name that no node has: one request id may be sent with several requests."""
    number, found = 1, name
    while found in nodes:
        number += 1
        found = f"{name}:{number}"
    return found


def _cut_circles(nodes: dict[str, Node]) -> None:
    """Let every circle begin somewhere."""
    done: set[str] = set()
    for node in nodes.values():
        path: dict[str, None] = {}
        here: Node | None = node
        while here is not None and here.id not in done:
            if here.id in path:
                ring = list(path)[list(path).index(here.id) :]
                min((nodes[member] for member in ring), key=lambda member: (member.at, member.id)).parent = None
                break
            path[here.id] = None
            here = nodes[here.parent] if here.parent is not None else None
        done |= path.keys()


def _walk(below: dict[str | None, list[Node]]) -> Iterator[Node]:
    """Yield each node before those below it."""
    ahead = below[None][::-1]
    while ahead:
        node = ahead.pop()
        yield node
        ahead += below.get(node.id, [])[::-1]


def _link(nodes: Sequence[Node]) -> None:
    """Tell nodes what is above and below them."""
    known = {node.id: node for node in nodes}
    for node in nodes:
        if node.parent is not None:
            above = known[node.parent]
            above.children.append(node.id)
            node.depth = above.depth + 1
            node.body = bool(node.group_id) and node.group_id == above.group_id
