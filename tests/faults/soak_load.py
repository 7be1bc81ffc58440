"""A producer of known load: `python -m tests.faults.soak_load <name> <events per second>`.

Records until it is told to end (SIGTERM), each event as an operation and a counter, and one in fifty as a fact too.
Writes how many it has recorded, a line each, so that a killed one's last word is known.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

import django

_ending = False


def _end(number: int, frame: FrameType | None) -> None:
    global _ending  # noqa: PLW0603 - a signal handler has no other place
    _ending = True


def main(name: str, rate: float) -> None:
    signal.signal(signal.SIGTERM, _end)
    django.setup()
    from monitoring.recording.events import Counter, Operation, Slow
    from monitoring.recording.recorder import recorder

    begin, count = time.monotonic(), 0
    while not _ending:
        now = time.time_ns()
        recorder.record(Operation(now, 5_000_000, name, False))
        recorder.record(Counter(now, name, 1))
        if count % 50 == 0:
            recorder.record_fact(Slow(now, 60 * 10**9, "operation", name, {"number": count}))
        count += 1
        os.write(1, b"%d\n" % count)
        time.sleep(max(0.0, begin + count / rate - time.monotonic()))
    deadline = time.monotonic() + 60
    while not recorder.flush() and time.monotonic() < deadline:
        time.sleep(0.2)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
