"""How long a busy request loop is held up while its process reads 100,000 decisions."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

from monitoring.stream import decisions
from monitoring.stream.connection import Client, connect
from monitoring.stream.decisions import Entry, Keys, Replica
from monitoring.stream.projection import rebuild

PREFIX = "bench"
_WAIT_SECONDS, _STEPS = 0.0005, 2_000


class Loop:
    """A thread that answers one request after another, and notes how long each took: half a millisecond of waiting."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Loop:
        self._thread.start()
        time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            start = time.perf_counter()
            time.sleep(_WAIT_SECONDS)  # as a request does: for something else, and then for the interpreter
            for _ in range(_STEPS):
                pass
            self.taken.append(time.perf_counter() - start)


def report(networks: int) -> None:
    """Measure, and print a table.

    Args:
        networks: How many are blocked.
    """
    from monitoring.conf import get_config

    client = connect(get_config().redis_url, 10.0, 4)
    ends = int(time.time() * 1000) + 3_600_000
    first = {f"4:32:{(11 << 24) + number:x}": Entry(f'{{"id":{number}}}', ends) for number in range(networks)}
    other = {key: Entry(f"{entry.value} ", ends) for key, entry in first.items()}
    writer = Replica(PREFIX)
    start = time.perf_counter()
    rebuild(client, writer, {"block": lambda: first})
    print(f"\n{networks} networks: projected within {time.perf_counter() - start:.2f} s", end="")
    start = time.process_time()
    rebuild(client, writer, {"block": lambda: first})
    print(f"; finding that nothing differs takes {(time.process_time() - start) * 1000:.0f} ms of CPU")
    print(f"CPU of one slice, reading and decoding: {_slices(client)}")
    print(f"\nrequests of 0.5 ms of waiting, ms{'':15} {'median':>8} {'p99.9':>8} {'longest':>8} {'read within':>12}")
    _row("nothing is read", lambda: time.sleep(2))
    for title, pause in (("all is read", time.sleep), ("all is read, without rests", None)):
        reader = Replica(PREFIX, pause)
        _row(title, lambda reader=reader: reader.catch_up(client))  # type: ignore[misc]
        rebuild(client, writer, {"block": lambda: other})
        _row(f"{title}: followed", lambda reader=reader: reader.catch_up(client))  # type: ignore[misc]
        rebuild(client, writer, {"block": lambda: first})
        client.xtrim(Keys(PREFIX).log, maxlen=0)
        _row(f"{title}: replaced", lambda reader=reader: reader.catch_up(client))  # type: ignore[misc]
    client.delete(Keys(PREFIX).state, Keys(PREFIX).log)
    client.close()


def _row(title: str, work: Callable[[], object]) -> None:
    with Loop() as loop:
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
    taken = sorted(loop.taken)
    late = taken[int(len(taken) * 0.999)]
    figures = (statistics.median(taken) * 1000, late * 1000, taken[-1] * 1000)
    print(f"{title:48} " + " ".join(f"{figure:8.3f}" for figure in figures) + f" {seconds:10.2f} s")


def _slices(client: Client) -> str:
    """Read everything alone, and say what each slice took of the interpreter."""
    taken: list[float] = []
    since = time.thread_time()

    def rest(_: float) -> None:
        nonlocal since
        taken.append(time.thread_time() - since)
        since = time.thread_time()

    Replica(PREFIX, rest).catch_up(client)
    taken.sort()
    return (
        f"median {statistics.median(taken) * 1000:.2f} ms, p99 {taken[int(len(taken) * 0.99)] * 1000:.2f}, "
        f"longest {taken[-1] * 1000:.2f} (a dictionary grows), {len(taken)} slices of {decisions._SLICE}"
    )
