"""What capturing an exception adds where it is caught: raised through 19 frames and reported, beside the bare raise.

One process, one heap and one clock; two bare variants against each other say what the measurement itself is worth. The
flusher's thread is not started and buffers are emptied between rounds, so that only the caller's side is seen.
"""

from __future__ import annotations

import logging
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from benchmarks.overhead import rounds, service

_DEPTH, _BLOCK = 17, 20
Catch = Callable[[Exception], object]
Shapes = dict[str, Catch]


def nothing(error: Exception) -> None:
    """The floor: it was raised and caught."""


def run(catch: Catch, count: int) -> None:
    """Raise through 19 frames, this one included, and catch."""
    for _ in range(count):
        try:
            service._load(_DEPTH)
        except service.ExtractionError as error:
            catch(error)


def measure(shapes: Shapes, count: int, empty: Callable[[], object]) -> dict[str, list[float]]:
    """Return the microseconds of the caller's CPU a call of each block, by shape."""
    taken: dict[str, list[float]] = defaultdict(list)
    order = list(shapes)
    for shape in order:
        run(shapes[shape], _BLOCK)
    for _ in range(count):
        random.shuffle(order)
        for shape in order:
            run(shapes[shape], 3)
            start = time.thread_time_ns()
            run(shapes[shape], _BLOCK)
            taken[shape].append((time.thread_time_ns() - start) / _BLOCK / 1000)
            empty()
    return taken


def report(title: str, shapes: Shapes, count: int, empty: Callable[[], object]) -> None:
    """Measure, and print a table."""
    taken = measure({"bare": nothing, "bare, again": nothing, **shapes}, count, empty)
    print(f"\n{title} (µs of the caller's CPU added to raising and catching through 19 frames)")
    print(f"{'':44} {'median':>9} {'quartiles':>21} {'quiet':>9}")
    floor = rounds.quiet(taken["bare"])
    print(f"{'raised and caught':44} {statistics.median(taken['bare']):9.1f} {'(the whole of it)':>21} {floor:9.1f}")
    for shape in ("bare, again", *shapes):
        added = [mine - bare for mine, bare in zip(taken[shape], taken["bare"], strict=True)]
        low, middle, high = statistics.quantiles(added, n=4)
        print(
            f"{shape:44} {middle:+9.1f} {f'{low:+.1f} … {high:+.1f}':>21} {rounds.quiet(taken[shape]) - floor:+9.1f}",
            flush=True,
        )


def enginel(count: int) -> None:
    from django.conf import settings

    endless = {"FLUSH_EVENTS": 10**9, "BUFFER_EVENTS": 10**9, "ERRORS_PER_MINUTE": 10**9}
    settings.configure(MONITORING={"SERVICE": "bench", **endless})
    from benchmarks.quiet import asleep
    from monitoring.errors.tracker import ErrorTracker
    from monitoring.recording.recorder import recorder

    log_error = ErrorTracker.log_error

    def empty() -> None:
        for buffer in recorder._buffers.values():
            buffer.clear()

    config = recorder.config
    with asleep():
        in_full = {
            "ErrorTracker.log_error": log_error,
            "the same with a context": lambda error: log_error(error, {"design": 7, "step": "extract"}, user_id=3),
        }
        report("Enginel, in full", in_full, count, empty)
        recorder._config = replace(config, errors_per_minute=1)
        report("Enginel, as repetitions", {"ErrorTracker.log_error": log_error}, count, empty)


def sentry(count: int) -> None:
    import sentry_sdk

    sent: list[object] = []

    class Nowhere(sentry_sdk.transport.Transport):
        """Takes envelopes, and forgets them."""

        def capture_envelope(self, envelope: object) -> None:
            sent.append(envelope)

    sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Nowhere)
    report("sentry-sdk, as it comes", {"capture_exception": sentry_sdk.capture_exception}, count, sent.clear)


if __name__ == "__main__":
    logging.getLogger().addHandler(logging.NullHandler())
    {"enginel": enginel, "sentry": sentry}[sys.argv[1]](int(sys.argv[2]))
