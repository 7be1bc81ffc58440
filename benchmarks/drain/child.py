"""Measures one database, in a process of its own, and prints its tables."""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence

import django

from .events import BATCH, Source

MINUTES_AGO = 10


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--title", required=True)
    parser.add_argument("--batches", type=int, required=True)
    parser.add_argument("--drains", type=int, required=True)
    parser.add_argument("--names", type=int, nargs="+", required=True)
    chosen = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from .measure import Bench, Case

    events = chosen.batches * BATCH
    print(f"\n{chosen.title}: {events:,} events a drain, medians of {chosen.drains} drains after the first")
    print(
        f"{'':34} {'events/s':>10} {'per CPU-s':>10} {'first/s':>10} {'B/event':>8} {'ms a drain':>11}"
        f"  read decode  fold dbread dbwrite commit delete  {'WAL kB':>7}"
    )
    cases: dict[str, Case] = {}
    for title, source, limit in _sources(chosen.names):
        bench = Bench(f"bench-{os.getpid()}", limit)
        cases[title] = bench.run(source, chosen.batches, chosen.drains)
        bench.clear()
        _print(title, cases[title])
    print(f"\n{chosen.title}: rows after 1 and after {chosen.drains + 1} drains of {events:,} events each")
    for title, case in cases.items():
        first, last = case.rows[0], case.rows[-1]
        grown = ", ".join(f"{table} {first[table]:,} → {last[table]:,}" for table in first)
        print(f"{title:34} {grown}")


def _sources(names: Sequence[int]) -> list[tuple[str, Source, int]]:
    """Every source's events happen within one minute, some minutes ago, so that its rows are the same each time."""
    at = (time.time_ns() // 60_000_000_000 - MINUTES_AGO) * 60_000_000_000
    found = [(f"requests, {count:,} names", Source(count, at), 10**9) for count in names]
    if 1_000 in names:
        found.append(("requests, 1,000 names, skewed", Source(1_000, at, skewed=True), 10**9))
        found.append(("mixed kinds, 1,000 names", Source(1_000, at, mixed=True), 10**9))
    if 100_000 in names:
        found.append(("100,000 names, limit of 10,000", Source(100_000, at), 10_000))
    return found


def _print(title: str, case: object) -> None:
    from .measure import PARTS, Case, each

    assert isinstance(case, Case)
    wall = statistics.median(drained.wall for drained in case.drains)
    cpu = statistics.median(drained.cpu for drained in case.drains)
    events = case.first.events
    parts = [statistics.median(each(case, part)) / 1e6 for part in PARTS]
    widths = (5, 6, 5, 6, 7, 6, 6)
    split = " ".join(f"{part:{width}.0f}" for part, width in zip(parts, widths, strict=True))
    wal = statistics.median(drained.wal for drained in case.drains) / 1024
    print(
        f"{title:34} {events / wall * 1e9:10,.0f} {events / cpu * 1e9:10,.0f} {events / case.first.wall * 1e9:10,.0f}"
        f" {case.redis_bytes:8.1f} {wall / 1e6:11.0f} {split}  {wal:7,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
