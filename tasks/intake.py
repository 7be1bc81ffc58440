"""Draining the event streams.

What folds is imported by the task that folds: NumPy costs memory in every process that loads it, and beat, Flower and
other workers load this module too.
"""

from __future__ import annotations

import contextlib

from celery import shared_task
from celery.signals import worker_ready
from celery.worker import state
from django.db import Error
from kombu.exceptions import OperationalError

from monitoring.conf import get_config
from monitoring.stream.streams import parse_key

from . import alerts, errors, journal, nudging, protection, recovery, security, sinks
from .jobs import watch_for_beat

_DUE = {
    "alerts": alerts.evaluate,
    "bugs": errors.file_bugs,
    "circuits": protection.decide_circuits,
    "journal": journal.seal,
    "protection": protection.decide,
    "security": security.watch,
    "sinks": sinks.forward,
}
"""The tasks that do what drains make due."""


def _stopping() -> bool:
    return state.should_stop is not None or state.should_terminate is not None


def _nudge(due: str) -> None:
    """Have done at once what a drain has made due; a broker or database that is away leaves it to beat."""
    if due == "recovery":
        with contextlib.suppress(OperationalError, Error):
            recovery.hand_out(recovery.desk())
    elif due in _DUE:
        nudging.nudge(_DUE[due])


@shared_task(name="tasks.intake.drain", ignore_result=True, acks_late=False, expires=60)
def drain(key: str) -> None:
    """Drain one stream for some seconds, then hand over to the next run.

    Args:
        key: The stream's key in Redis.
    """
    from monitoring.intake import listen

    config = get_config()
    stream = parse_key(key, config.stream_prefix)
    if stream is not None and listen.listen(config, stream, _stopping, _nudge):
        drain.apply_async((key,))
    # Drains follow one another without beat; somebody has to see that it is dead.
    watch_for_beat()


@shared_task(name="tasks.intake.revive", ignore_result=True, acks_late=False, expires=10)
def revive() -> None:
    """Start draining every stream that nobody drains: after a start, a crash, or a lost message."""
    from monitoring.intake import listen

    for stream in listen.unattended(get_config()):
        drain.apply_async((stream.key,))


@worker_ready.connect
def _revive_at_once(**_: object) -> None:
    """Do not wait for beat when a worker starts."""
    revive.apply_async()


@shared_task(name="tasks.intake.replay_upgraded", ignore_result=True, expires=3600)
def replay_upgraded() -> None:
    """Take in batches that a newer release wrote, once this release can read them."""
    from monitoring.intake import letters, replay

    config = get_config()
    for dead in letters.upgraded():
        with contextlib.suppress(replay.ReplayError):  # its letter stays and says why; the others go on
            replay.replay(dead, config)
