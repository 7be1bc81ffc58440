"""A Celery application whose tasks publish tasks in every way there is. It runs in a worker of its own."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, chain, chord, group

from monitoring.recording import celery as hooks

app = Celery("canvas", broker=os.environ["CANVAS_REDIS"], backend=os.environ["CANVAS_REDIS"], set_as_current=False)
app.conf.update(task_default_queue=os.environ["CANVAS_QUEUE"], broker_connection_retry_on_startup=True)
hooks.connect()


@app.task(name="canvas.step")
def step(*_: Any) -> int:
    """Do nothing worth mentioning."""
    return 1


@app.task(name="canvas.body")
def body(_: list[int]) -> None:
    """Take what the tasks of a chord return."""


@app.task(name="canvas.flaky", bind=True, max_retries=3)
def flaky(self: Any, *_: Any) -> None:
    """Fail twice, then publish a task."""
    if self.request.retries < 2:
        raise self.retry(countdown=0)
    step.delay()


@app.task(name="canvas.broken")
def broken(*_: Any) -> None:
    """Fail."""
    raise LookupError("nothing there")


@app.task(name="canvas.caught")
def caught(_: str) -> None:
    """Be called back after a failure."""


@app.task(name="canvas.all")
def everything() -> None:
    """Publish a chain that holds a chord and ends in a link, a task that fails, and one that is retried."""
    chain(step.s(), chord([step.si(), flaky.si()], body.s()), step.si().set(link=step.s())).delay()
    group([step.s(), group([step.s(), step.s()])]).delay()
    broken.apply_async(link_error=caught.s())
