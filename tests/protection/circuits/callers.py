"""Processes that call a dependency through a circuit, over and over, without Django: `python -m … folder count`.

A call that is let through writes its process to the file `passed`, and lasts until there is a file `answer`. Each
process begins when it knows of the circuit, and ends when there is a file `stop`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from monitoring.recording import instance
from monitoring.recording.metrics import increment_counter
from monitoring.recording.recorder import recorder
from monitoring.recording.resilience.circuits import CircuitOpenError, circuit
from monitoring.recording.resilience.standing import standing

NAME = "payments"


def call(folder: Path) -> None:
    """Call until it is time to stop."""
    payments = circuit(NAME)
    increment_counter("alive")
    while NAME not in standing:
        time.sleep(0.02)
    with (folder / "passed").open("ab", buffering=0) as passed:
        while not (folder / "stop").exists():
            try:
                with payments:
                    passed.write(f"{os.getpid()} {instance.name()}\n".encode())
                    while not (folder / "answer").exists() and not (folder / "stop").exists():
                        time.sleep(0.02)
            except CircuitOpenError:
                pass
            time.sleep(0.1)


def main(folder: Path, count: int) -> None:
    """Fork so many processes, and wait until they have ended."""
    children = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            try:
                call(folder)
                recorder.close()
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
