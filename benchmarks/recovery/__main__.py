"""`bin/bench recovery`: what the policy misses in a simulated fleet whose true rates are known, beside others.

Every world is played by all with the same cases, once for each seed. Regret is what the best arm would have been worth
more than the one that was chosen, by the true rates, of a hundred cases, with its standard error over the seeds; a
strategy costs 0.05 of a cleared case. *At last* is the regret in the last quarter of the cases, *left alone* in which
part of those nothing was done.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Sequence

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench recovery", description=__doc__)
    parser.add_argument("worlds", nargs="*", help="only these, such as 'nothing helps' (all)")
    parser.add_argument("--seeds", type=int, default=10, help="fleets of each world (10)")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first fleet (0)")
    parser.add_argument("--cases", type=int, default=300, help="cases of each error type (300)")
    parser.add_argument("--quick", action="store_true", help="a short run that shows that everything works")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seeds, chosen.cases = 2, 60
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    django.setup()
    from benchmarks.recovery.playing import Score, tournament
    from benchmarks.recovery.world import WORLDS

    def told(scores: Sequence[Score]) -> str:
        regrets = [score.regret_per_hundred for score in scores]
        whole = sum(scores[1:], scores[0])
        spread = statistics.stdev(regrets) / math.sqrt(len(regrets)) if len(regrets) > 1 else 0.0
        missed = f"{statistics.fmean(regrets):.1f} ± {spread:.1f}"
        late, cleared = f"{whole.late_regret_per_hundred:.1f}", f"{whole.cleared / whole.cases:.1%}"
        return f"{missed:>14}{late:>10}{cleared:>12}{whole.left_alone:>14.0%}"

    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {chosen.seeds} fleets from seed {chosen.first},"
        f" {chosen.cases} cases a type"
    )
    for world in chosen.worlds or WORLDS:
        begin = time.perf_counter()
        scores = tournament(world, range(chosen.first, chosen.first + chosen.seeds), chosen.cases)
        print(f"\n{world} ({time.perf_counter() - begin:.0f} s)")
        print(f"{'':15}{'regret, of 100':>14}{'at last':>10}{'cleared':>12}{'left alone':>14}")
        for name, played in scores.items():
            print(f"{name:15}{told(played)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
