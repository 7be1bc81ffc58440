"""How long a recorded event takes to become a row that a reader sees.

Starts a platform of its own, or takes a running one by its folder, and acts as one more process of the monitored
service: it records one event, asks the database every few milliseconds until the row is there, waits for a moment that
is not in step with the platform's own rhythm, and records the next. Measures are folded into rollups, facts are rows.
The first event of each lane is not measured: after a start, beat takes up to five seconds to set draining going.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.platform import start, stop, wait_until_ready

GOALS = {"measures": 2.0, "facts": 0.5}
LIMIT = 30.0
POLL = 0.005
PROBE = "latency_probe"


@dataclass(frozen=True)
class Result:
    lane: str
    beside: int
    samples: int
    sent: int
    arrived: int
    p50: float
    p95: float
    longest: float
    goal: float


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench latency", description=__doc__)
    parser.add_argument("--samples", type=int, default=200, help="events of each lane (200)")
    parser.add_argument("--beside", type=int, default=0, help="events a second that others record meanwhile (0)")
    parser.add_argument("--state", type=Path, help="the ENGINEL_VAR of a platform that runs already")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args()
    with platform(chosen.state) as state:
        connect(state)
        with background(chosen.beside):
            results = [
                measure("measures", chosen, record_measure, measures_stored),
                measure("facts", chosen, record_fact, fact_stored),
            ]
    show(results, as_json=chosen.json)
    return 0 if all(one.arrived == one.sent for one in results) else 1


@contextmanager
def platform(running: Path | None) -> Iterator[Path]:
    if running is not None:
        yield running
        return
    os.environ.pop("DATABASE_URL", None)  # the embedded default is what is measured
    with tempfile.TemporaryDirectory(prefix="enginel-latency-") as folder:
        state, log = Path(folder, "var"), Path(folder, "log")
        process = start(state, log)
        try:
            wait_until_ready(process, log)
            yield state
        finally:
            stop(process)


def connect(state: Path) -> None:
    """Become a process of the platform: its database, its Redis."""
    os.environ |= {"ENGINEL_VAR": str(state), "DJANGO_SETTINGS_MODULE": "enginel.settings"}
    if (state / "redis" / "url").exists():
        os.environ.pop("REDIS_URL", None)
    import django

    django.setup()


@contextmanager
def background(rate: int) -> Iterator[None]:
    """Record so many other events a second, in ten bursts, as a busy service would."""
    over = threading.Event()

    def run() -> None:
        while rate and not over.wait(0.1):
            for number in range(max(1, rate // 10)):
                record_operation(f"busy_{number % 50}")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(
    lane: str, chosen: argparse.Namespace, record: Callable[[], object], stored: Callable[[object], bool]
) -> Result:
    chance, waits = random.Random(lane), []
    arrival(record, stored)
    for _ in range(chosen.samples):
        time.sleep(chance.uniform(0.0, 1.5))
        waited = arrival(record, stored)
        if waited is not None:
            waits.append(waited)
    quantiles = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else [0.0] * 99
    return Result(
        lane=lane,
        beside=chosen.beside,
        samples=chosen.samples,
        sent=chosen.samples,
        arrived=len(waits),
        p50=round(quantiles[49], 4),
        p95=round(quantiles[94], 4),
        longest=round(max(waits, default=0.0), 4),
        goal=GOALS[lane],
    )


def arrival(record: Callable[[], object], stored: Callable[[object], bool]) -> float | None:
    """Record one event and return the seconds until it is stored, or nothing if it does not arrive."""
    began = time.perf_counter()
    what = record()
    while not stored(what):
        if time.perf_counter() - began > LIMIT:
            return None
        time.sleep(POLL)
    return time.perf_counter() - began


def record_operation(name: str) -> None:
    from monitoring.recording.events import Operation
    from monitoring.recording.recorder import recorder

    recorder.record(Operation(time.time_ns(), 1_000_000, name, failed=False))


def record_measure() -> int:
    """Record an operation; return how many there are once it is stored."""
    expected = probes() + 1
    record_operation(PROBE)
    return expected


def measures_stored(expected: object) -> bool:
    return probes() == expected


def probes() -> int:
    from monitoring.performance import PerformanceMonitor

    return int(PerformanceMonitor.get_operation_stats(PROBE)["count"])


def record_fact() -> str:
    from monitoring.recording.events import Slow
    from monitoring.recording.recorder import recorder

    trace = uuid.uuid4().hex
    recorder.record_fact(Slow(time.time_ns(), 9_000_000_000, "operation", PROBE, {"trace_id": trace}))
    return trace


def fact_stored(trace: object) -> bool:
    from monitoring.performance.models import SlowSample

    return SlowSample.objects.filter(trace_id=trace).exists()


def show(results: list[Result], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(one) for one in results]))
        return
    print(f"{'lane':10} {'beside/s':>9} {'arrived':>9} {'p50 s':>8} {'p95 s':>8} {'max s':>8} {'goal p95':>9}")
    for one in results:
        times = f"{one.p50:8.3f} {one.p95:8.3f} {one.longest:8.3f} {one.goal:9.1f}"
        print(f"{one.lane:10} {one.beside:9} {f'{one.arrived}/{one.sent}':>9} {times}")


if __name__ == "__main__":
    sys.exit(main())
