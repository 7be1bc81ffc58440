"""`bin/bench anomalies`: what is found of labelled synthetic incidents, and what is told of where nothing is.

Everything is made from seeds, so that every run says the same.
"""

from __future__ import annotations

import argparse
import os

from .scoring import Score, compare, world


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench anomalies", description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="worlds of about sixty series each (4)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that look (one a core)")
    parser.add_argument("--missed", action="store_true", help="say what Enginel missed, and told wrongly")
    parser.add_argument("--quick", action="store_true", help="one world that shows that everything works")
    chosen = parser.parse_args()
    made = world(range(chosen.first, chosen.first + (1 if chosen.quick else chosen.seeds)))
    scores = compare(made, workers=chosen.workers)
    incidents = next(iter(scores.values())).incidents
    size = f"{len(made.series)} series, {len(made.queues)} queues, {incidents} incidents"
    print(f"{size}: a quiet day and one with incidents, a look a minute")
    print(f"{'':18}{'precision':>10}{'recall':>8}{'delay, min':>12}{'alerts a quiet day, of 100 series':>36}")
    for way, score in scores.items():
        print(_line(way, score))
    if chosen.missed:
        print("\n".join(scores["Enginel"].missed + scores["Enginel"].told_wrongly))
    return 0


def _line(way: str, score: Score) -> str:
    quiet = score.quiet * 100 / score.series
    return f"{way:18}{score.precision:10.3f}{score.recall:8.3f}{score.delay:12.0f}{quiet:36.1f}"


if __name__ == "__main__":
    raise SystemExit(main())
