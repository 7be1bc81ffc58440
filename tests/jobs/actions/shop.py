"""A small Celery application whose workers the tests act upon; it runs without Django, as other services do."""

from __future__ import annotations

import os
import time

import redis
from celery import Celery

from monitoring.recording.celery import connect

BROKER = os.environ.get("SHOP_BROKER", "memory://")
app = Celery("shop", broker=BROKER, set_as_current=False)
app.conf.update(
    task_ignore_result=True,
    task_default_queue="shop",
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"priority_steps": [0, 3, 6, 9]},
)
connect()


def counter() -> redis.Redis[bytes]:
    """Where tasks count that they ran."""
    return redis.Redis.from_url(BROKER)


@app.task(name="shop.ok")
def ok(key: str = "ok") -> None:
    """Succeed."""
    with counter() as client:
        client.incr(f"ran:{key}")


@app.task(name="shop.hold")
def hold(key: str) -> None:
    """Run until somebody lets it go."""
    with counter() as client:
        client.incr(f"ran:{key}")
        while not client.exists(f"go:{key}"):
            time.sleep(0.02)


@app.task(name="shop.pay")
def pay(amount: int, password: str = "", fails: str = "", holds: str = "") -> None:
    """Fail, or hold on, while a key is there."""
    with counter() as client:
        client.incr(f"ran:pay:{amount}")
        while client.exists(f"holds:{holds}"):
            time.sleep(0.02)
        if client.exists(f"fails:{fails}"):
            raise LookupError("no money")


@app.task(name="shop.after")
def after(_before: object, key: str) -> None:
    """Run after another task."""
    with counter() as client:
        client.incr(f"ran:{key}")
