"""The Celery application of one variant, which the worker, the publisher and Flower load by name.

The environment says which variant, and where its broker is.
"""

from __future__ import annotations

import os
from typing import Any

import redis
from celery import Celery, signals

from .variants import BROKER, ENDED, READY, VARIANT, VARIANTS

_variant = VARIANTS[os.environ[VARIANT]]
_variant.prepare()

app = Celery("bench", broker=os.environ[BROKER])
app.conf.update(
    result_backend=os.environ[BROKER] if _variant.results else None,
    task_ignore_result=not _variant.results,
    broker_connection_retry_on_startup=True,
)


@app.task(name="bench.nothing")  # type: ignore[untyped-decorator]
def nothing() -> None:
    """Do nothing."""


@app.task(name="bench.last")  # type: ignore[untyped-decorator]
def last() -> None:
    """Tell that the tasks before this one were handed out."""
    _tell(ENDED)


@signals.worker_ready.connect
def announce(**_: Any) -> None:
    """Tell that this worker consumes."""
    _tell(READY)


def _tell(what: str) -> None:
    with redis.Redis.from_url(os.environ[BROKER]) as client:
        client.rpush(what, "yes")
