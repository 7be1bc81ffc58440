"""Steps live processes in short interleaved blocks, and pairs what they took by round."""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
FLOOR = "bare"
_SETTLE_SECONDS = 0.3


class Child:
    """A live process of one variant."""

    def __init__(self, kind: str, name: str) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.overhead.child", kind, name]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT, env=os.environ
        )
        self.paths: list[str] = self._read()["paths"]

    def step(self, path: str, count: int, warm: int) -> dict[str, int]:
        """Run one block."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"path": path, "count": count, "warm": warm}) + "\n")
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of {self.name!r} ended; it says why above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let it end by itself, so that it flushes."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def children(kind: str, names: Sequence[str]) -> Iterator[list[Child]]:
    """Start one process a variant."""
    with ExitStack() as stack:
        started = []
        for name in names:
            child = Child(kind, name)
            stack.callback(child.close)
            started.append(child)
        yield started


@dataclass(frozen=True)
class Cost:
    """What one variant takes on one path, in microseconds a call, and how much more than the floor that is.

    Attributes:
        wall: Median over the rounds of a block's mean.
        added: Median of the differences to the floor's block of the same round.
        low: Lower quartile of the differences.
        high: Upper quartile of the differences.
        caller: Median difference in CPU time of the calling thread.
        quiet: The same between the quiet blocks of each, whatever their round.
        background: CPU time of all other threads, the floor's taken off.
    """

    wall: float
    added: float
    low: float
    high: float
    caller: float
    quiet: float
    background: float


def measure(started: Sequence[Child], path: str, rounds: int, block: int) -> dict[str, Cost]:
    """Measure one path on all variants."""
    blocks: dict[str, dict[str, list[float]]] = {child.name: defaultdict(list) for child in started}
    order = list(started)
    for child in order:
        child.step(path, block, block)
    for _ in range(rounds):
        random.shuffle(order)
        for child in order:
            took = child.step(path, block, max(5, block // 5))
            for clock in ("wall", "caller"):
                blocks[child.name][clock].append(took[clock] / block / 1000)
    background = {child.name: _background(child, path, block * max(20, rounds // 5)) for child in started}
    return {name: _cost(taken, blocks[FLOOR], background[name] - background[FLOOR]) for name, taken in blocks.items()}


def _background(child: Child, path: str, count: int) -> float:
    """Microseconds a call that other threads than the caller's use while it runs without a pause."""
    time.sleep(_SETTLE_SECONDS)
    before = child.step("", 0, 0)
    child.step(path, count, 0)
    time.sleep(_SETTLE_SECONDS)
    after = child.step("", 0, 0)
    return ((after["all"] - before["all"]) - (after["main"] - before["main"])) / count / 1000


def _cost(taken: dict[str, list[float]], floor: dict[str, list[float]], background: float) -> Cost:
    added = [mine - bare for mine, bare in zip(taken["wall"], floor["wall"], strict=True)]
    caller = [mine - bare for mine, bare in zip(taken["caller"], floor["caller"], strict=True)]
    low, middle, high = statistics.quantiles(added, n=4)
    return Cost(
        wall=statistics.median(taken["wall"]),
        added=middle,
        low=low,
        high=high,
        caller=statistics.median(caller),
        quiet=quiet(taken["caller"]) - quiet(floor["caller"]),
        background=background,
    )


def quiet(taken: Sequence[float]) -> float:
    """Return what a block takes while the machine does little else: a tenth of the blocks were quicker."""
    return statistics.quantiles(taken, n=10)[0]
