"""OpenTelemetry's ids, where the project has it in use; nothing of it is loaded otherwise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from monitoring.recording import otel, w3c
from monitoring.recording.celery.publishing import stamp
from monitoring.recording.context import Context, current
from monitoring.recording.stamp import HEADER

from .conftest import SPAN, TRACE, request, told


@pytest.fixture(scope="module")
def tracer() -> trace.Tracer:
    return TracerProvider().get_tracer("tests")


@pytest.fixture
def outer(tracer: trace.Tracer) -> Iterator[tuple[str, str]]:
    """A span of OpenTelemetry that is current, by its ids."""
    with tracer.start_as_current_span("server") as span:
        ids = span.get_span_context()
        yield f"{ids.trace_id:032x}", f"{ids.span_id:016x}"


def test_a_request_is_a_part_of_the_current_span(outer: tuple[str, str]) -> None:
    context = told()
    assert (context.trace_id, context.parent_span_id) == outer
    assert context.span_id != outer[1]


def test_a_request_stays_a_part_of_the_span_in_which_it_began(
    tracer: trace.Tracer, outer: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", TracerProvider())
    context = request()
    context.adopt()
    with tracer.start_as_current_span("query"):
        assert (context.trace_id, context.parent_span_id) == outer
        assert context.kept


def test_without_a_current_span_the_caller_counts() -> None:
    assert otel.current_span() is None
    context = told()
    context.adopt()
    assert context.trace_id == TRACE


def test_what_nothing_of_ours_publishes_comes_of_the_current_span(outer: tuple[str, str]) -> None:
    headers: dict[str, str] = {}
    stamp(headers)
    assert headers["traceparent"] == w3c.write(*outer, sampled=True)
    assert headers[HEADER].split(";")[2] == outer[0]


def test_what_opentelemetry_has_told_of_itself_stays(outer: tuple[str, str]) -> None:
    token = current.set(request())
    theirs = w3c.write(*outer, sampled=True)
    headers = {"traceparent": theirs}
    stamp(headers)
    assert headers["traceparent"] == theirs
    ours = {"traceparent": w3c.write(outer[0], "9" * 16, sampled=True)}  # of somebody else, such as our own message
    stamp(ours)
    assert w3c.read(ours["traceparent"]) == (*outer[:1], current.get().span_id, True)  # type: ignore[union-attr]
    current.reset(token)


def test_a_task_continues_its_message_whatever_span_is_current(outer: tuple[str, str]) -> None:
    message = SimpleNamespace(traceparent=w3c.write(TRACE, SPAN, sampled=False))
    context = Context("shop.pay", None, "t-1", message)
    context.stamp = f"1;1;{TRACE};r;;0;POST x"
    assert (context.trace_id, context.parent_span_id) == (TRACE, SPAN)
    alone = Context("shop.pay", None, "t-2", SimpleNamespace())
    assert (alone.trace_id, alone.parent_span_id) == outer


def test_nothing_of_it_is_loaded_where_it_is_not_in_use() -> None:
    program = """
import sys
sys.modules.update({name: None for name in ("opentelemetry", "opentelemetry.trace")})  # as if it were not installed
from monitoring.recording import celery, context, propagation, spans
running = context.Context("shop.pay", None, "t-1")
context.current.set(running)
running.adopt()
assert len(running.traceparent) == 55, running.traceparent
spans.record("operation", "work", 1, 1, failed=False)
assert not [name for name in sys.modules if name.startswith("opentelemetry") and sys.modules[name] is not None]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)
