"""`bin/bench overhead`: prints one table a path."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from . import rounds, sink, tasks
from .rounds import FLOOR, ROOT, Cost

REQUEST_PATHS = ("wsgi success", "wsgi exception", "asgi success", "asgi exception")
TASK_PATHS = ("child success", "child exception", "publish alone", "publish in a request")
APP_PATHS = ("fastapi success", "fastapi exception")
PARTS = ("shapes", "requests", "apps", "tasks")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench overhead", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="only these (all)")
    parser.add_argument(
        "--rounds", type=int, default=60, help="interleaved rounds a path (60; four times that for shapes and tasks)"
    )
    parser.add_argument("--block", type=int, default=30, help="calls in a block (30)")
    parser.add_argument("--only", nargs="+", default=[], help="only these variants, beside bare Django")
    parser.add_argument("--quick", action="store_true", help="a short run that shows that everything works")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.block = 12, 15
    parts = chosen.parts or PARTS
    print(f"{chosen.rounds} rounds of {chosen.block} calls; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if "shapes" in parts:
        _shapes(4 * chosen.rounds, chosen.block)
    if "requests" in parts:
        _requests(chosen.rounds, chosen.block, chosen.only)
    if "apps" in parts:
        from . import apps

        _compare("app", apps.VARIANTS, APP_PATHS, chosen.rounds, chosen.block)
    if "tasks" in parts:
        _compare("task", tasks.VARIANTS, TASK_PATHS, 4 * chosen.rounds, chosen.block)
    return 0


def _shapes(count: int, block: int) -> None:
    command = [sys.executable, "-m", "benchmarks.overhead.shapes", os.environ["REDIS_URL"], str(count), str(block)]
    subprocess.run(command, check=True, cwd=ROOT)


def _requests(count: int, block: int, only: Sequence[str]) -> None:
    from .variants import SINK, VARIANTS

    wanted = {name: one.title for name, one in VARIANTS.items() if not only or name in {FLOOR, "bare-2", *only}}
    with sink.running() as address:
        os.environ[SINK] = address
        _compare("request", wanted, REQUEST_PATHS, count, block)


def _compare(kind: str, titles: Mapping[str, str], paths: Sequence[str], count: int, block: int) -> None:
    with rounds.children(kind, list(titles)) as started:
        for path in paths:
            _print(path, titles, rounds.measure(started, path, count, block))


def _print(path: str, titles: Mapping[str, str], costs: Mapping[str, Cost]) -> None:
    print(f"\n{path} (µs a call; added: median of paired differences and its quartiles)")
    titled = f"{'':32} {'wall':>8} {'added':>9} {'quartiles':>21} {'ratio':>6}"
    print(f"{titled} {'caller CPU':>11} {'quiet':>8} {'background CPU':>15}")
    floor = costs[FLOOR].wall
    for name, title in titles.items():
        cost = costs[name]
        line = f"{title:32} {cost.wall:8.1f}"
        if name != FLOOR:
            quartiles = f"{cost.low:+.1f} … {cost.high:+.1f}"
            line += f" {cost.added:+9.1f} {quartiles:>21} {1 + cost.added / floor:6.2f}"
            line += f" {cost.caller:+11.1f} {cost.quiet:+8.1f} {cost.background:+15.1f}"
        print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
