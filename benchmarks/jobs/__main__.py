"""`bin/bench jobs`: live Celery workers, one a way of watching them, compared round by round."""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.overhead import sink

from .pairs import CONFIDENCE, Median, median
from .variants import FLOOR, SINK, VARIANTS
from .workers import PROCESSES, Round, Worker

GOAL = 0.97
Rounds = Mapping[int, Round]


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench jobs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60, help="rounds (60); other tools join every sixth")
    parser.add_argument("--tasks", type=int, default=600, help="tasks a round and worker (600)")
    parser.add_argument("--only", nargs="+", default=[], choices=list(VARIANTS), help="only these, beside bare Celery")
    chosen = parser.parse_args()
    names = [name for name in VARIANTS if not chosen.only or name in {FLOOR, "bare-2", *chosen.only}]
    print(
        f"{chosen.rounds} rounds of {chosen.tasks} tasks that do nothing, prefork {PROCESSES}; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        flush=True,
    )
    with ExitStack() as stack:
        os.environ[SINK] = stack.enter_context(sink.running())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="enginel-jobs-")))
        workers = []
        for number, name in enumerate(names, 1):
            worker = Worker(name, VARIANTS[name], number, folder)
            stack.callback(worker.close)
            worker.start()
            workers.append(worker)
        taken = _measure(workers, chosen.rounds, chosen.tasks)
        for worker in workers:
            worker.check()
    _print(taken)
    return 0


def _measure(workers: Sequence[Worker], rounds: int, tasks: int) -> dict[str, dict[int, Round]]:
    """Return what each worker took, by the number of the round."""
    taken: dict[str, dict[int, Round]] = {worker.name: {} for worker in workers}
    for worker in workers:
        worker.run(tasks // 4)  # what is loaded and connected at first belongs to no task
    for number in range(rounds):
        order = [worker for worker in workers if number % worker.variant.every == 0]
        random.shuffle(order)
        for worker in order:
            taken[worker.name][number] = worker.run(tasks)
    return taken


def _print(taken: Mapping[str, Rounds]) -> None:
    print(f"\nmedians of ratios to bare Celery and of what is added to it, paired, with intervals of {CONFIDENCE:.0%}")
    print(
        f"{'':34} {'pairs':>5} {'tasks/s':>8} {'throughput':>11} {'':15} {'CPU':>6} {'CPU µs a task':>14} {'':16} "
        f"{'main process µs':>16} {'Redis µs':>9}"
    )
    floor = taken[FLOOR]
    for name, rounds in taken.items():
        rate = statistics.median(one.tasks / one.seconds for one in rounds.values())
        line = f"{VARIANTS[name].title:34} {len(rounds):5} {rate:8.0f}"
        if name == FLOOR:
            cpu, main, redis = (_median(rounds, of) for of in (_cpu, _main, _redis))
            line += f" {'':34} {cpu:14.0f} {'':16} {main:16.0f} {redis:9.0f}"
        else:
            speed, added = _ratio(rounds, floor), _added(rounds, floor, _cpu)
            share = statistics.median(_cpu(one) / _cpu(floor[number]) for number, one in rounds.items())
            line += f" {speed.value:11.3f} {f'{speed.low:.3f} … {speed.high:.3f}':15} {share:6.3f} {added.value:+14.0f}"
            line += f" {f'{added.low:+.0f} … {added.high:+.0f}':16} {_added(rounds, floor, _main).value:+16.0f}"
            line += f" {_added(rounds, floor, _redis).value:+9.0f}"
        print(line, flush=True)
    if "enginel" in taken:
        found = _ratio(taken["enginel"], floor)
        verdict = "met" if found.low >= GOAL else "met by the median alone" if found.value >= GOAL else "missed"
        print(f"\ngoal for Enginel: throughput at least {GOAL} of bare: {verdict}")


def _cpu(one: Round) -> float:
    return one.cpu / one.tasks * 1e6


def _main(one: Round) -> float:
    return one.main / one.tasks * 1e6


def _redis(one: Round) -> float:
    return one.redis / one.tasks * 1e6


def _median(rounds: Rounds, of: Callable[[Round], float]) -> float:
    return statistics.median(of(one) for one in rounds.values())


def _ratio(rounds: Rounds, floor: Rounds) -> Median:
    """How many times the floor's throughput of the same round."""
    return median([floor[number].seconds / one.seconds for number, one in rounds.items()])


def _added(rounds: Rounds, floor: Rounds, of: Callable[[Round], float]) -> Median:
    """How much more than the floor's of the same round."""
    return median([of(one) - of(floor[number]) for number, one in rounds.items()])


if __name__ == "__main__":
    raise SystemExit(main())
