"""What messages are sent with: settings, the channels, a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import router

from monitoring.alerts.channels import routing
from monitoring.alerts.channels.base import Channel
from monitoring.conf import Config, get_config

from .models import Delivery

ATTEMPT_SECONDS, WAIT_SECONDS = 30.0, 8.0
"""After which an attempt is given up: a channel's own limits are below; and a run leaves slow ones to themselves."""


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps."""


def _now() -> datetime:
    return datetime.now(UTC)


def _channel(key: str) -> Channel | None:
    return routing.destination(key)


@dataclass(frozen=True)
class Desk:
    """What messages are sent with.

    Attributes:
        config: This installation's settings.
        alias: The database.
        channel: Finds the channel behind a destination's key; None where there is none any more.
        step: Called with the name of each step before it happens; tests end the process there.
        now: The clock.
        attempt_seconds: For how long an attempt is waited for.
        wait_seconds: For how long a run waits for those who send; they go on without it.
    """

    config: Config
    alias: str
    channel: Callable[[str], Channel | None] = _channel
    step: Callable[[str], None] = no_step
    now: Callable[[], datetime] = _now
    attempt_seconds: float = ATTEMPT_SECONDS
    wait_seconds: float = WAIT_SECONDS


def desk(config: Config | None = None) -> Desk:
    """Return what this process's settings ask for."""
    return Desk(config or get_config(), router.db_for_write(Delivery))
