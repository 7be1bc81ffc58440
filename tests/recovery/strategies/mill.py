"""A Celery app without Django, whose tasks have time limits that may be raised."""

from __future__ import annotations

import os
import time

from celery import Celery

from monitoring.recording import celery as hooks

app = Celery("mill", broker=os.environ["MILL_BROKER"], backend=os.environ["MILL_BROKER"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    worker_prefetch_multiplier=1,
    worker_pool_restarts=bool(os.environ.get("MILL_POOL_RESTARTS")),
    broker_transport_options={"visibility_timeout": 3600, "polling_interval": 0.1},
)
hooks.connect()


@app.task(name="mill.grind", soft_time_limit=0.5, time_limit=30, time_limit_most=60)
def grind(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


@app.task(name="mill.polish", soft_time_limit=0.5)
def polish(seconds: float) -> None:
    time.sleep(seconds)
