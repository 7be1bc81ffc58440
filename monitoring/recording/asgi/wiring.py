"""What a process is wired to once it has an ASGI middleware, as Django's app does it for its processes."""

from __future__ import annotations

import logging
import sys

from monitoring import conf
from monitoring.recording import decisions, logs, presence, process
from monitoring.recording.effects import leaving
from monitoring.recording.recorder import recorder

logger = logging.getLogger("monitoring")


def adopt(**settings: object) -> None:
    """Take settings that code gives to a middleware; those that are None are not given.

    Args:
        **settings: By their names in lower case.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not given:
        return
    before = recorder.config
    conf.provide(given)
    if conf.get_config() != before:
        recorder.close()  # what was recorded so far went by the former settings
        recorder.reset()
        decisions.copy.reset()


def begin() -> None:
    """Wire this process up; it may be called again."""
    if not recorder.enabled:
        return
    for problem in conf.unread():
        if problem not in _said:
            _said.add(problem)
            logger.warning("%s", problem)
    logs.install()
    process.install()
    leaving.follow()
    presence.serve()
    if "celery" in sys.modules:  # it publishes tasks, which then know their request
        from monitoring.recording import celery

        celery.connect()


def follow() -> None:
    """Follow the decisions from now on, so that the first request finds them."""
    if not presence.Server.kind:
        presence.Server.kind = "asgi"
    presence.begin()


def close() -> None:
    """Send what is left and say goodbye; recording may go on after it."""
    recorder.close()
    decisions.copy.close()


_said: set[str] = set()
