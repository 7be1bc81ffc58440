"""The tree of a trace, whatever ids and clocks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.traces.parts import Node, Part, PartKind
from monitoring.analysis.traces.tree import Owners, build

T0 = datetime(2026, 11, 23, 12, tzinfo=UTC)
SPANS = ["", *(letter * 16 for letter in "abcdef")]
TASKS = ["", "t1", "t2", "t3"]


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def part(name: str, start: float, duration: float | None = 1.0, kind: str = "task", **values: Any) -> Part:
    return Part(name, PartKind(kind), name, "shop", at(start), duration, **values)


def tree(*parts: Part) -> dict[str, Node]:
    return {node.id: node for node in build(parts)}


parts = st.builds(
    lambda number, kind, start, duration, span, parent, task, above, request: part(
        f"{number}", start, duration, kind, span_id=span, parent_span_id=parent, task_id=task, parent_task_id=above,
        request_id=request,
    ),
    st.integers(0, 10**9),
    st.sampled_from(["request", "operation", "client", "task"]),
    st.floats(-100, 100),
    st.one_of(st.none(), st.floats(0, 100)),
    st.sampled_from(SPANS), st.sampled_from(SPANS), st.sampled_from(TASKS), st.sampled_from(TASKS),
    st.sampled_from(["", "r1", "r2"]),
)  # fmt: skip


@given(st.lists(parts, max_size=25, unique_by=lambda one: one.id))
def test_every_part_is_shown_once_below_what_began_no_later(given_parts: list[Part]) -> None:
    nodes = build(given_parts)
    assert sorted(node.id for node in nodes) == sorted(one.id for one in given_parts)
    place = {node.id: number for number, node in enumerate(nodes)}
    known = {node.id: node for node in nodes}
    for node in nodes:
        if node.parent is None:
            assert node.depth == 0
            assert node.start == node.part.start
            continue
        above = known[node.parent]
        assert place[above.id] < place[node.id]
        assert node.depth == above.depth + 1
        assert node.id in above.children
        assert node.start >= above.start
        assert not node.parent_unknown
    for node in nodes:
        starts = [known[child].start for child in node.children]
        assert starts == sorted(starts)


@given(st.lists(parts, max_size=25, unique_by=lambda one: one.id))
def test_time_of_its_own_is_never_more_than_all_nor_less_than_nothing(given_parts: list[Part]) -> None:
    for node in build(given_parts):
        if node.part.duration is None:
            assert node.self_time is None
        else:
            assert node.self_time is not None
            assert -1e-6 <= node.self_time <= node.part.duration + 1e-6


@given(st.permutations([part(str(n), n, span_id=SPANS[n + 1], parent_span_id=SPANS[n]) for n in range(6)]))
def test_the_order_in_which_parts_are_read_does_not_matter(given_parts: list[Part]) -> None:
    assert [(node.id, node.depth) for node in build(given_parts)] == [(str(n), n) for n in range(6)]


def test_children_that_overlap_count_once_in_what_their_parent_did_itself() -> None:
    nodes = tree(
        part("GET a", 0, 10, "request", span_id="a" * 16),
        part("x", 1, 4, "operation", span_id="b" * 16, parent_span_id="a" * 16),
        part("y", 2, 2, "operation", parent_span_id="a" * 16),
        part("z", 4, 2, "operation", parent_span_id="a" * 16),
        part("later", 8, 100, span_id="c" * 16, parent_span_id="a" * 16),
    )
    assert nodes["GET a"].self_time == 10 - 5 - 2
    assert nodes["GET a"].children == ["x", "y", "z", "later"]


def test_what_seems_to_begin_before_what_it_came_of_is_put_off_and_its_operations_with_it() -> None:
    nodes = tree(
        part("GET a", 0, 1, "request", span_id="a" * 16),
        part("task", -5, 1, span_id="b" * 16, parent_span_id="a" * 16),
        part("step", -4.5, 0.2, "operation", parent_span_id="b" * 16),
    )
    assert (nodes["task"].start, nodes["task"].adjusted) == (at(0), 5)
    assert (nodes["step"].start, nodes["step"].adjusted) == (at(0.5), 5)
    assert nodes["GET a"].adjusted == 0
    assert nodes["GET a"].self_time == 0


def test_less_than_a_millisecond_is_no_matter_of_clocks() -> None:
    nodes = tree(part("a", 0.0009, span_id="a" * 16), part("b", 0, parent_span_id="a" * 16))
    assert nodes["b"].start == at(0.0009)
    assert nodes["b"].adjusted == 0


def test_a_parent_of_which_nothing_is_kept_is_said_to_be_unknown() -> None:
    nodes = tree(part("a", 0, parent_span_id="f" * 16), part("root", 0, kind="request"))
    assert (nodes["a"].parent, nodes["a"].parent_unknown) == (None, True)
    assert not nodes["root"].parent_unknown


def test_without_a_span_celerys_ids_and_the_requests_tell_where_a_task_belongs() -> None:
    nodes = tree(
        part("GET a", 0, 1, "request", span_id="a" * 16, request_id="r"),
        part("first", 1, task_id="t1", request_id="r", origin="GET a"),
        part("second", 2, task_id="t2", parent_task_id="t1", parent_span_id="e" * 16, request_id="r"),
        part("step", 2.1, 0.1, "operation", task_id="t2", request_id="r"),
    )
    assert [nodes[name].parent for name in ("first", "second", "step")] == ["GET a", "first", "second"]


def test_of_two_requests_of_one_id_a_task_belongs_to_the_one_that_it_names() -> None:
    requests = [part(name, 0, kind="request", request_id="r") for name in ("GET a", "GET b")]
    nodes = tree(*requests, part("t", 1, request_id="r", origin="GET b"), part("u", 1, request_id="r"))
    assert nodes["t"].parent == "GET b"
    assert nodes["u"].parent is None


def test_what_was_delivered_again_has_its_own_children_though_it_has_the_same_ids() -> None:
    nodes = tree(
        part("lost", 0, span_id="a" * 16, task_id="t1"),
        part("again", 10, span_id="a" * 16, task_id="t1"),
        part("of lost", 1, parent_span_id="a" * 16, task_id="t2"),
        part("of again", 11, parent_span_id="a" * 16, task_id="t3"),
    )
    assert (nodes["of lost"].parent, nodes["of again"].parent) == ("lost", "again")


def test_a_circle_begins_with_what_began_first() -> None:
    nodes = tree(
        part("a", 1, span_id="a" * 16, parent_span_id="b" * 16), part("b", 0, span_id="b" * 16, parent_span_id="a" * 16)
    )
    assert (nodes["b"].parent, nodes["b"].parent_unknown, nodes["a"].parent) == (None, True, "b")


def test_something_that_happened_belongs_to_its_span_else_to_its_task_else_to_its_request() -> None:
    owners = Owners(
        [
            part("GET a", 0, 5, "request", span_id="a" * 16, request_id="r"),
            part("try", 1, task_id="t", span_id="b" * 16, request_id="r"),
            part("retry", 3, task_id="t", span_id="c" * 16, request_id="r"),
        ]
    )

    def of(span_id: str, task_id: str, request_id: str) -> str:
        found = owners.of(span_id, task_id, request_id, at(2))
        return found.id if found is not None else ""

    assert of("c" * 16, "t", "r") == "retry"
    assert of("f" * 16, "t", "r") == "try"
    assert of("", "", "r") == "GET a"
    assert of("", "other", "") == ""
