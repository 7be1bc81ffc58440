"""Batches of errors as processes really send them: requests that fail, through the middleware, the flusher's encoding
and its compression. Made once, in a process of its own, and drained into each database.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from . import service

OURS = "monitoring.recording.middleware.MonitoringMiddleware"
PROCESSES = 8
_AT_ONCE = 500


@dataclass
class Run:
    """Errors of one kind, in the order in which they were sent.

    Attributes:
        title: What they are.
        errors: How many.
        entries: Entries of the stream of facts, for each drain.
        sending: Microseconds of CPU an error that encoding took, on the flusher's thread in real life.
    """

    title: str
    errors: int
    entries: list[list[dict[str, str | bytes]]] = field(default_factory=list)
    sending: float = 0.0


def main(folder: Path, different: int, repeated: int, drains: int) -> None:
    """Make all runs and leave them in a file of the folder."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")
    django.setup()
    from django.test.utils import override_settings

    from monitoring.conf import get_config

    logging.root.handlers = [one for one in logging.root.handlers if type(one) is not logging.StreamHandler]
    service.write(folder)
    quiet = {"FLUSH_EVENTS": 10**9, "BUFFER_EVENTS": 10**9, "REDIS_URL": get_config().redis_url}
    every = {"ERRORS_PER_MINUTE": 10**9}
    runs = []
    for title, places, count, options, times in (
        (f"{different:,} different", different, different, every, drains + 1),
        (f"{repeated:,} repeated, as they travel", 100, repeated, {}, 2),
        (f"{repeated:,} repeated, all in full", 100, repeated, every, 1),
    ):
        with override_settings(
            MONITORING={"SERVICE": "bench", "RELEASE": "1.0", **quiet, **options},
            MIDDLEWARE=[OURS],
            ROOT_URLCONF="benchmarks.errors.service",
        ):
            runs.append(_run(title, places, count, times))
    (folder / "runs").write_bytes(pickle.dumps(runs))


def _run(title: str, places: int, count: int, times: int) -> Run:
    from django.core.handlers.wsgi import WSGIHandler

    from benchmarks.quiet import asleep
    from monitoring.recording.recorder import recorder

    handler, run, spent = WSGIHandler(), Run(title, count), 0
    handler.load_middleware()
    recorder.reset()
    with asleep():  # nobody else empties the buffers
        for _ in range(times):
            entries: list[dict[str, str | bytes]] = []
            for number, environ in enumerate(service.requests(places, count), 1):
                service.answer(handler, environ)
                if number % _AT_ONCE == 0 or number == count:
                    start = time.thread_time_ns()
                    recorder.flusher.encode()
                    spent += time.thread_time_ns() - start
                    entries += _taken(recorder.flusher._lanes)
                if number % (count // PROCESSES) == 0:
                    recorder.flusher._lanes.clear()  # the next process
            run.entries.append(entries)
    run.sending = spent / times / count / 1000
    return run


def _taken(lanes: Any) -> Iterable[dict[str, str | bytes]]:
    """Take what waits: facts to be drained, measures to be forgotten."""
    for name, lane in lanes.items():
        while lane.waiting:
            fields = lane.take().fields
            if name == "facts":
                yield fields


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
