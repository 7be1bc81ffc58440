"""Celery: what the signals add to a task in a worker's child, and to publishing one.

The child's part calls the tracer that Celery built for the task, as a prefork child does, with the request of a real
message. The publisher's part publishes to a broker in memory, so that only the overhead differs.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.app.trace import build_tracer
from django.conf import settings

from . import service

Runner = Callable[[int], None]

VARIANTS = {"bare": "Celery alone", "bare-2": "Celery alone, a second process", "enginel": "Enginel"}
_PUBLISHED_KEPT = 5_000


def runners(name: str, redis_url: str) -> dict[str, Runner]:
    """Return what can be measured in a process with or without our signals."""
    settings.configure(MONITORING={"SERVICE": "bench", "REDIS_URL": redis_url})
    logging.getLogger().addHandler(logging.NullHandler())
    app = _app()
    if name == "enginel":
        from monitoring.recording import celery

        celery.connect()
    return {
        "child success": _traced(app, app.tasks["bench.extract"]),
        "child exception": _traced(app, app.tasks["bench.fail"]),
        "publish alone": _published(app.tasks["bench.extract"]),
        "publish in a request": _inside_a_request(_published(app.tasks["bench.extract"]), name),
    }


def _app() -> Celery:
    app = Celery("bench", broker="memory://", set_as_current=True)
    app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)

    @app.task(name="bench.extract")  # type: ignore[untyped-decorator]
    def extract(key: str) -> str:
        return key

    @app.task(name="bench.fail")  # type: ignore[untyped-decorator]
    def fail(key: str) -> int:
        return service._load(service._DEPTH)

    app.finalize()
    return app


def _traced(app: Celery, task: Any) -> Runner:
    """Run the task through its tracer, with the request that a message of ours arrives with."""
    headers = _headers_of_a_message(task)
    task.__trace__ = build_tracer(task.name, task, app.loader, "celery@bench", app=app)

    def run(count: int) -> None:
        for _ in range(count):
            key = str(uuid.uuid4())
            request = headers | {"id": key, "hostname": "celery@bench", "is_eager": False}
            task.__trace__(key, ("x",), {}, request)

    return run


def _headers_of_a_message(task: Any) -> dict[str, Any]:
    """Publish once and keep what travels with the message."""
    kept: dict[str, Any] = {}

    def keep(headers: dict[str, Any] | None = None, **_: Any) -> None:
        kept.update(headers or {})

    signals.before_task_publish.connect(keep, weak=False, dispatch_uid="keep")
    task.apply_async(("x",))
    signals.before_task_publish.disconnect(dispatch_uid="keep")
    now = time.time_ns()
    kept["enginel"] = f"{now};{now};{'a' * 32};{'b' * 32};42"
    kept["delivery_info"] = {"exchange": "", "routing_key": "celery", "priority": 0, "redelivered": False}
    return kept


def _published(task: Any) -> Runner:
    channel = task.app.pool.acquire(block=True).default_channel

    def run(count: int) -> None:
        for _ in range(count):
            task.apply_async(("x",))
        if channel.queue_declare("celery", passive=True).message_count > _PUBLISHED_KEPT:
            channel.queue_purge("celery")

    return run


def _inside_a_request(run: Runner, name: str) -> Runner:
    """Publish where a request's context is set, whose ids then travel along."""
    if name != "enginel":
        return run
    from monitoring.recording.context import Context, current

    def inside(count: int) -> None:
        token = current.set(Context(name="GET api/designs/"))
        run(count)
        current.reset(token)

    return inside
