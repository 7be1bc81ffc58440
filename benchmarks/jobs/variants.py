"""What is compared: Celery alone, Enginel, and other ways of watching tasks, each set up as its own documentation says.

Nothing here may import Celery's application: the worker, the publisher and Flower of a variant load `service`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

SINK = "ENGINEL_BENCH_SINK"
VARIANT = "ENGINEL_BENCH_VARIANT"
BROKER = "ENGINEL_BENCH_BROKER"
QUEUE, READY, ENDED = "celery", "bench:ready", "bench:ended"
FLOOR = "bare"


def nothing() -> None:
    """A variant that needs no set-up."""


def _enginel() -> None:
    from monitoring.recording import celery

    celery.connect()


def _sentry(traces: float | None) -> Callable[[], None]:
    def prepare() -> None:
        import sentry_sdk

        sentry_sdk.init(dsn=f"http://key@{os.environ[SINK]}/1", traces_sample_rate=traces)

    return prepare


@dataclass(frozen=True)
class Variant:
    """One way of watching a worker.

    Attributes:
        title: For the table.
        prepare: What it does in each process that loads the Celery application.
        options: What it adds to the worker's command line.
        results: Whether each task leaves its result in Redis.
        flower: Whether Flower reads the worker's events.
        ours: Whether the worker has to have sent something to Enginel's streams.
        every: It takes part in one round out of so many: a great difference shows in few pairs.
    """

    title: str
    prepare: Callable[[], None] = nothing
    options: tuple[str, ...] = ()
    results: bool = False
    flower: bool = False
    ours: bool = False
    every: int = 6


VARIANTS = {
    FLOOR: Variant("Celery alone", every=1),
    "bare-2": Variant("Celery alone, a second worker", every=1),
    "enginel": Variant("Enginel", _enginel, ours=True, every=1),
    "sentry": Variant("sentry-sdk, errors only", _sentry(None)),
    "sentry-traced": Variant("sentry-sdk, traces 1.0", _sentry(1.0)),
    "events": Variant("task events, read by Flower", options=("--task-events",), flower=True),
    "results": Variant("a result in Redis for each task", results=True),
}
