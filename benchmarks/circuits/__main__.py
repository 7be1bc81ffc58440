"""`bin/bench circuits`: what a circuit adds to a call, closed, open and in degraded mode; one process, one thread."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import time
from collections.abc import Callable

from monitoring.recording.decisions import copy
from monitoring.recording.resilience import standing
from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.recording.resilience.fallbacks import is_degraded

CALLS = 200
NAME = "payments"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench circuits", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only show that it works")
    chosen = parser.parse_args()
    os.environ["MONITORING"] = json.dumps({"REDIS_URL": os.environ["REDIS_URL"]})  # read without Django
    report(blocks=5 if chosen.quick else 60, repeats=5 if chosen.quick else 50)


def report(blocks: int, repeats: int) -> None:
    """Measure, and print a table.

    Args:
        blocks: Blocks of calls that are timed, each by itself.
        repeats: Times that a block makes `CALLS` calls.
    """
    copy.take({})
    print(f"\na call through a circuit, recorded (µs of the caller's CPU; {CALLS} calls in turn)")
    print(f"{'':34} {'median':>8} {'quartiles':>15} {'quiet':>8}")
    _row("the loop alone", nothing, blocks, repeats)
    _row("closed", closed, blocks, repeats)
    _row("closed, looked up by its name", named, blocks, repeats)
    _row("closed, a decorated function", called, blocks, repeats)
    _row("is_degraded", asked, blocks, repeats)
    far = int(time.time() * 1000) + 3_600_000
    standing.apply(NAME, {"until": far, "void": far})
    _row("open: refused", refused, blocks, repeats)


def nothing() -> None:
    for _ in range(CALLS):
        pass


def closed() -> None:
    payments = circuit(NAME)
    for _ in range(CALLS):
        with payments:
            pass


def named() -> None:
    for _ in range(CALLS):
        with circuit(NAME):
            pass


@circuit(NAME, slow_seconds=5.0)
def decorated() -> None:
    pass


def called() -> None:
    for _ in range(CALLS):
        decorated()


def refused() -> None:
    payments = circuit(NAME)
    for _ in range(CALLS):
        with contextlib.suppress(CircuitOpenError), payments:
            pass


def asked() -> None:
    for _ in range(CALLS):
        is_degraded("prices")


def _row(title: str, run: Callable[[], None], blocks: int, repeats: int) -> None:
    run()
    taken = []
    for _ in range(blocks):
        start = time.thread_time_ns()
        for _ in range(repeats):
            run()
        taken.append((time.thread_time_ns() - start) / repeats / CALLS / 1000)
    low, middle, high = statistics.quantiles(taken, n=4)
    print(f"{title:34} {middle:8.2f} {f'{low:.2f} … {high:.2f}':>15} {sorted(taken)[len(taken) // 10]:8.2f}")


if __name__ == "__main__":
    main()
