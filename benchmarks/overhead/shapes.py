"""The pieces of our own middleware as handlers in one process: context alone, record alone, both.

One process means one heap and one clock; two bare handlers against each other say what the measurement itself is
worth. The flusher's thread is never started and the buffers are emptied between rounds, so that only the caller's side
is seen.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections import defaultdict
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase
from django.test.utils import override_settings

from . import rounds, service, variants
from .handlers import Runner, wsgi

PATHS = {"success": service.answer, "exception": service.fail}
TITLES = {
    "bare": "no middleware",
    "bare-2": "no middleware, again",
    "empty": "a middleware that does nothing",
    "context": "context alone",
    "record": "record alone",
    "both": "MonitoringMiddleware",
    "protection": "ProtectionMiddleware, one network blocked",
    "all": "MonitoringMiddleware and ProtectionMiddleware",
}
_MODULE = "benchmarks.overhead.shapes"


def empty(get_response: Any) -> Any:
    """The floor of any middleware: one more call, and Django's conversion of exceptions around it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        return response

    return middleware


def context(get_response: Any) -> Any:
    """Sets the context and nothing else."""
    from monitoring.recording.context import Context, current

    def middleware(request: HttpRequest) -> HttpResponseBase:
        token = current.set(Context(request=request))
        try:
            response: HttpResponseBase = get_response(request)
        finally:
            current.reset(token)
        return response

    return middleware


def record(get_response: Any) -> Any:
    """Takes two clocks, the route and the status, and records them."""
    from monitoring.recording.events import Request
    from monitoring.recording.recorder import recorder

    def middleware(request: HttpRequest) -> HttpResponseBase:
        start = time.perf_counter_ns()
        response: HttpResponseBase = get_response(request)
        duration = time.perf_counter_ns() - start
        route = request.resolver_match.route  # type: ignore[union-attr]
        recorder.record(Request(time.time_ns(), duration, request.method or "", route, response.status_code))
        return response

    return middleware


def measure(redis_url: str, rounds: int, block: int) -> dict[str, dict[str, list[float]]]:
    """Return the nanoseconds a call of each block, by path and shape."""
    quiet = {"FLUSH_INTERVAL": 3600.0, "FLUSH_EVENTS": 10**9, "BUFFER_EVENTS": 10**9, "ERRORS_PER_MINUTE": 10**9}
    variants.set_up(variants.Variant("", options=quiet), redis_url)
    from benchmarks.quiet import asleep
    from monitoring.recording.recorder import recorder

    added = {
        "empty": [f"{_MODULE}.empty"],
        "context": [f"{_MODULE}.context"],
        "record": [f"{_MODULE}.record"],
        "both": [variants.OURS],
        "protection": [variants.PROTECTION],
        "all": [variants.OURS, variants.PROTECTION],
    }
    _decide()
    handlers: dict[str, WSGIHandler] = {}
    for shape in TITLES:
        with override_settings(MIDDLEWARE=added.get(shape, [])):
            handlers[shape] = WSGIHandler()
            handlers[shape].load_middleware()
    with asleep():
        return {path: _rounds(handlers, view, rounds, block, recorder.flush) for path, view in PATHS.items()}


def _decide() -> None:
    """Let somebody be blocked, so that each request is asked for its client."""
    from monitoring.recording.decisions import copy
    from monitoring.stream.decisions import Entry

    copy.take({"block": {"4:32:1": Entry("x")}, "block_length": {"4:32": Entry("1")}})


def _rounds(handlers: Any, view: Any, rounds: int, block: int, empty_buffers: Any) -> dict[str, list[float]]:
    runners: dict[str, Runner] = {shape: wsgi(handler, service.route(view)) for shape, handler in handlers.items()}
    taken: dict[str, list[float]] = defaultdict(list)
    order = list(runners)
    for shape in order:
        runners[shape](block)
    for _ in range(rounds):
        random.shuffle(order)
        for shape in order:
            runners[shape](5)
            start = time.thread_time_ns()
            runners[shape](block)
            taken[shape].append((time.thread_time_ns() - start) / block)
        empty_buffers()
    return taken


def report(redis_url: str, count: int, block: int) -> None:
    """Measure, and print a table."""
    for path, taken in measure(redis_url, count, block).items():
        print(f"\nour own shapes, one process, WSGI, {path} (µs of the caller's CPU added to a request)")
        print(f"{'':34} {'median':>8} {'quartiles':>17} {'quiet':>8}")
        floor, whole = rounds.quiet(taken["bare"]) / 1000, statistics.median(taken["bare"]) / 1000
        for shape, title in TITLES.items():
            quiet = rounds.quiet(taken[shape]) / 1000 - floor
            added = [(mine - bare) / 1000 for mine, bare in zip(taken[shape], taken["bare"], strict=True)]
            low, middle, high = statistics.quantiles(added, n=4)
            if shape == "bare":
                print(f"{title:34} {whole:8.2f} {'(the whole call)':>17} {floor:8.2f}")
            else:
                print(f"{title:34} {middle:+8.2f} {f'{low:+.2f} … {high:+.2f}':>17} {quiet:+8.2f}")
        sys.stdout.flush()


if __name__ == "__main__":
    report(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
