"""Executions become trees, whatever their ids say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitoring.jobs.runs.tree import STARTED, Execution, Node, Tree, build
from tests.properties import MANY

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ran(task_id: str, parent: str = "", minute: int = 0, state: str = "SUCCESS", **more: Any) -> Execution:
    began = NOON + timedelta(minutes=minute)
    ended = None if state == STARTED else began + timedelta(seconds=1)
    values = {"name": f"shop.{task_id}", "parent_id": parent, "root_id": "a", **more}
    return Execution(task_id=task_id, state=state, began=began, ended=ended, **values)


def outline(tree: Tree) -> str:
    """The nodes of a tree by depth, in brackets those of which nothing is kept."""
    shown = [node.id if node.kept else f"[{node.id}]" for node in tree.nodes]
    return " ".join(f"{node.depth}{text}" for node, text in zip(tree.nodes, shown, strict=True))


def node(tree: Tree, name: str) -> Node:
    (found,) = [node for node in tree.nodes if node.id == name]
    return found


def test_tasks_stand_below_what_published_them_in_the_order_of_time() -> None:
    tree = build([ran("d", "b", 4), ran("c", "a", 3), ran("b", "a", 2), ran("a"), ran("e", "a", 1)])
    assert outline(tree) == "0a 1e 1b 2d 1c"
    assert node(tree, "a").children == ["e", "b", "c"]
    assert (node(tree, "d").parent, node(tree, "a").parent) == ("b", None)


def test_runs_of_one_task_are_one_node() -> None:
    first, second = ran("a", state="RETRY"), ran("a", minute=1, state="FAILURE", retries=1, exception="KeyError")
    (merged,) = build([second, first]).nodes
    assert (merged.state, merged.retries, merged.executions) == ("FAILURE", 1, [first, second])


def test_what_runs_is_started_unless_its_end_is_known() -> None:
    running, over = ran("a", minute=1, state=STARTED, retries=1), ran("a", minute=1)
    assert build([running, ran("a", state="RETRY")]).nodes[0].state == STARTED
    assert build([running, over]).nodes[0].executions == [over]


def test_the_request_stands_above_the_tasks_that_it_published() -> None:
    posted = {"origin": "POST api/orders/", "request_id": "r1"}
    tree = build([ran("a", **posted), ran("b", "a", origin="shop.a", request_id="r1"), ran("x", root_id="x", **posted)])
    assert outline(tree) == "0request:r1 1a 2b 1x"
    assert (tree.nodes[0].kind, tree.nodes[0].name) == ("request", "POST api/orders/")


def test_two_requests_that_carry_the_same_id_are_two() -> None:
    tree = build([ran("a", origin="GET ", request_id="r"), ran("b", root_id="b", origin="GET x/", request_id="r")])
    assert outline(tree) == "0request:r 1a 0request:r:2 1b"


def test_what_beat_published_stands_alone() -> None:
    assert outline(build([ran("a", origin="", request_id="t")])) == "0a"


def test_what_is_not_kept_leaves_its_place() -> None:
    tree = build([ran("c", "b", origin="shop.b"), ran("d", "b", 1)])
    assert outline(tree) == "0[a] 1[b] 2c 2d"
    missing = node(tree, "b")
    assert (missing.name, missing.state, missing.executions) == ("shop.b", None, [])


def test_a_root_that_is_not_kept_stands_below_its_request() -> None:
    known = {"request_id": "r"}
    tree = build([ran("b", "a", **known), ran("x", root_id="x", origin="POST x/", **known)])
    assert outline(tree) == "0request:r 1[a] 2b 1x"


def test_the_body_of_a_chord_is_told_from_its_header() -> None:
    tree = build([ran("a"), ran("b", "a", group_id="g"), ran("c", "a", group_id="g"), ran("d", "c", group_id="g")])
    assert {node.id: node.body for node in tree.nodes} == {"a": False, "b": False, "c": False, "d": True}


def test_circles_begin_with_the_oldest() -> None:
    assert outline(build([ran("b", "c", 1), ran("c", "b", 2), ran("d", "c", 0)])) == "0b 1c 2d"
    assert outline(build([ran("b", "b")])) == "0[a] 1b"


def test_a_tree_that_is_too_large_says_so() -> None:
    chain = [ran("a"), *(ran(f"n{n}", f"n{n - 1}" if n else "a", n) for n in range(5_000))]
    tree = build(chain, limit=1_000)
    assert (len(tree.nodes), tree.truncated, tree.nodes[-1].depth) == (1_000, True, 999)
    assert tree.nodes[-1].children == []
    assert not build(chain[:1_000], limit=1_000).truncated


ids = st.sampled_from(["", *"abcdefgh", "request:a"])
executions = st.builds(
    Execution,
    task_id=ids,
    name=st.just("shop.x"),
    state=st.sampled_from(["SUCCESS", "RETRY", STARTED, "LOST"]),
    began=st.none() | st.integers(0, 9).map(lambda minute: NOON + timedelta(minutes=minute)),
    ended=st.none() | st.integers(0, 9).map(lambda minute: NOON + timedelta(minutes=minute)),
    parent_id=ids,
    root_id=ids,
    group_id=ids,
    request_id=ids,
    origin=st.sampled_from(["", "shop.x", "GET x/", "POST y/"]),
)


@MANY
@given(st.lists(executions, max_size=30), st.integers(1, 40))
def test_every_task_stands_once_and_after_what_is_above_it(given_: list[Execution], limit: int) -> None:
    tree = build(given_, limit)
    names = [node.id for node in tree.nodes]
    assert len(names) == len(set(names)) <= limit
    wanted = {execution.task_id for execution in given_} - {""}
    assert tree.truncated or wanted <= set(names)
    seen: dict[str, Node] = {}
    for one in tree.nodes:
        assert one.depth == (seen[one.parent].depth + 1 if one.parent is not None else 0)
        assert one.parent is None or one.id in seen[one.parent].children
        assert one.kept == (one.kind == "request" or bool(one.executions))
        seen[one.id] = one
    assert sorted(child for one in tree.nodes for child in one.children) == sorted(
        one.id for one in tree.nodes if one.parent is not None
    )


@MANY
@given(st.lists(st.integers(0, 50), min_size=1, max_size=50))
def test_a_tree_comes_out_as_it_was(parents: list[int]) -> None:
    above = {number: parent % number if number else None for number, parent in enumerate(parents)}
    given_ = [
        ran(f"t{number}", "" if parent is None else f"t{parent}", root_id="t0") for number, parent in above.items()
    ]
    tree = build(reversed(given_))
    assert {one.id: one.parent for one in tree.nodes} == {
        f"t{number}": None if parent is None else f"t{parent}" for number, parent in above.items()
    }


@MANY
@given(st.lists(executions, max_size=20), st.randoms())
def test_the_order_in_which_rows_come_makes_no_difference(given_: list[Execution], random: Any) -> None:
    unlike = {(execution.task_id, execution.at, execution.ended): execution for execution in given_}
    rows = list(unlike.values())
    shuffled = random.sample(rows, len(rows))
    parents = [{one.id for one in build(some).nodes} for some in (rows, shuffled)]
    assert parents[0] == parents[1]
