"""The file whose age tells a liveness probe that a worker or beat lives.

It is touched with each heartbeat and before Redis is called, so that an outage of the broker, or a task that keeps the
main thread busy, does not look like a dead process: a restart would end the tasks that it runs.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def sign(file: str) -> None:
    """Touch the file.

    Args:
        file: Its path; empty where nobody asked for one. One that cannot be written stays as it is: the probe says so.
    """
    if file:
        with contextlib.suppress(OSError):
            Path(file).touch()
