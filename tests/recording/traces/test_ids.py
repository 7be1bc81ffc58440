"""The ids of what runs: where they come from, and that nobody pays for those that nobody asks for."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from monitoring.recording import spans
from monitoring.recording.context import Context, current, ids
from monitoring.recording.limiter import Limiter
from monitoring.recording.recorder import recorder
from monitoring.recording.stamp import HEADER, span_of

from .conftest import SPAN, TRACE, request, told


def task(message: dict[str, Any], name: str = "t", task_id: str = "1", previous: Context | None = None) -> Context:
    context = Context(name, None, task_id, SimpleNamespace(**message), previous)
    context.stamp = message.get(HEADER, "")
    return context


def test_a_request_continues_the_trace_of_its_caller() -> None:
    context = told()
    assert (context.trace_id, context.parent_span_id) == (TRACE, SPAN)
    assert len(context.span_id) == 16
    assert context.span_id != SPAN
    assert context.traceparent == f"00-{TRACE}-{context.span_id}-01"


def test_a_request_that_comes_of_nothing_begins_a_trace_without_a_parent() -> None:
    context = request(HTTP_TRACEPARENT="nonsense")
    assert (len(context.trace_id), context.parent_span_id) == (32, "")
    assert context.traceparent.endswith("-00")
    assert context.request_id == context.trace_id


def test_methods_that_clients_invent_are_one_and_share_what_is_kept_in_a_minute() -> None:
    titles = set()
    for number in range(50):
        context = request()
        context.request.method = f"M{number}"  # type: ignore[union-attr,misc]
        titles.add(context.title)
    assert titles == {"_OTHER api/orders/"}


def test_a_limit_in_use_is_not_forgotten_for_keys_that_somebody_invents() -> None:
    limiter = Limiter()
    for number in range(12_000):
        limiter.count(("invented", number), 1)
        counted = limiter.count("asked", 1)
    assert counted == 12_000


def test_ids_are_those_that_there_are() -> None:
    context = request(HTTP_X_REQUEST_ID="r-1")
    assert context.ids() == {"trace_id": context.trace_id, "span_id": context.span_id, "request_id": "r-1"}
    ran = task({HEADER: f"1;1;{TRACE};r-1;42;1;POST x"}, "shop.pay", "t-1")
    assert ran.ids() == {
        "trace_id": TRACE, "span_id": ran.span_id, "request_id": "r-1", "task_id": "t-1", "task": "shop.pay",
        "user_id": "42",
    }  # fmt: skip
    assert ids() == {}
    token = current.set(ran)
    assert ids() == ran.ids()
    current.reset(token)


def test_an_answered_request_that_nobody_asks_about_has_made_no_ids() -> None:
    context = request()
    assert not context.kept
    assert (context._trace, context._span, context._request_id) == ("", "", "")


def test_a_task_comes_of_the_span_that_its_message_names() -> None:
    stamp = f"1;1;{TRACE};r;;0;POST x"
    ran = task({HEADER: stamp, "traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert (ran.trace_id, ran.parent_span_id, ran.kept) == (TRACE, SPAN, False)
    other = task({HEADER: stamp, "traceparent": f"00-{'c' * 32}-{SPAN}-01"})
    assert (other.trace_id, other.parent_span_id) == (TRACE, "")


@pytest.mark.parametrize("stamp", ["", "1;1;;;;;"])
def test_a_task_of_a_publisher_that_is_not_ours_continues_what_its_header_says(stamp: str) -> None:
    ran = task({HEADER: stamp, "traceparent": f"00-{TRACE}-{SPAN}-01"})
    assert (ran.trace_id, ran.parent_span_id, ran.kept) == (TRACE, SPAN, True)


def test_a_task_of_an_older_publisher_has_its_trace_and_no_parent() -> None:
    ran = task({HEADER: f"1;1;{TRACE};r;;1;POST x"})
    assert (ran.trace_id, ran.parent_span_id, ran.kept) == (TRACE, "", True)


def test_the_main_process_knows_the_span_of_what_its_child_executed() -> None:
    message = SimpleNamespace(retries=1, delivery_info={"redelivered": False})
    assert task({"retries": 1}, task_id="t-1").span_id == span_of("t-1", message)
    tries = [SimpleNamespace(retries=n, delivery_info={"redelivered": again}) for n in (0, 1) for again in (0, 1)]
    assert len({span_of("t-1", one) for one in tries}) == 4


def test_what_is_applied_in_place_continues_what_applies_it() -> None:
    outer = told()
    inner = task({}, task_id="inner", previous=outer)
    assert (inner.trace_id, inner.parent_span_id, inner.request_id) == (TRACE, outer.span_id, outer.request_id)
    assert inner.kept
    again = task({"retries": 1}, task_id="inner", previous=inner)
    assert again.parent_span_id == outer.span_id


def test_callers_who_keep_their_traces_are_granted_so_many_a_minute(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ASKED_TRACES_PER_MINUTE": 3}
    recorder.reset()
    asked = [told() for _ in range(10)]
    assert sum(bool(one.kept) for one in asked) == 3
    assert sum(bool(one.kept) for one in asked) == 3  # asking again costs nothing
    assert told("00").kept is None


def test_operations_of_one_request_that_run_side_by_side_have_parents_of_their_own() -> None:
    context = told()

    async def work() -> str:
        outer = spans.begin()
        await asyncio.sleep(0)
        inside = context.active_span_id
        inner = spans.begin()
        await asyncio.sleep(0)
        assert inner is not None
        assert inner.outer is outer
        spans.end(inner)
        assert context.active_span_id == inside
        spans.end(outer)
        assert context.active_span_id == context.span_id
        return inside

    async def gathered() -> set[str]:
        current.set(context)
        return set(await asyncio.gather(*(work() for _ in range(64))))

    assert len(asyncio.run(gathered())) == 64
