"""What recoveries are carried out with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from random import Random, SystemRandom

from celery import Celery
from django.db import router

from monitoring.conf import Config
from monitoring.jobs.actions.remote import open_to
from monitoring.recovery.models import Recovery
from monitoring.recovery.strategies.base import Case, Site
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client, connect

_SECONDS, _CONNECTIONS = 2.0, 8


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps of a recovery."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """What recoveries are carried out with.

    Attributes:
        site: Where strategies act.
        random: Source of chance of the policy.
        patience: For so many seconds it is watched at once whether an action took effect, before others do so later.
        now: The time.
        step: Called with the name of each step before it happens; tests end the process there.
    """

    site: Site
    random: Random = field(default_factory=SystemRandom)
    patience: float = 3.0
    now: Callable[[], datetime] = _now
    step: Callable[[str], None] = no_step

    @property
    def config(self) -> Config:
        """This installation's settings."""
        return self.site.config

    @property
    def alias(self) -> str:
        """The write database."""
        return self.site.alias


@dataclass(frozen=True)
class Turn:
    """Somebody's turn at a recovery.

    Attributes:
        row: The recovery; held, unless only what it left is cleared away.
        case: Its case.
        desk: What it is carried out with.
    """

    row: Recovery
    case: Case
    desk: Desk


def site_of(config: Config, app: Celery, project: Callable[[], object]) -> Site:
    """Return where strategies act in this installation.

    Args:
        config: Its settings.
        app: The Celery application whose workers are meant.
        project: Makes what processes know of decisions what the database says.
    """
    client, prefix = _client(config.redis_url), config.stream_prefix

    def workers() -> dict[str, heartbeats.Heartbeat]:
        return {one.node: one for one in heartbeats.read(client, prefix) if one.kind == "worker"}

    def processes() -> list[heartbeats.Heartbeat]:
        return [*heartbeats.read_web(client, prefix), *heartbeats.read_processes(client, prefix)]

    return Site(
        config=config,
        alias=router.db_for_write(Recovery),
        client=client,
        remote=lambda: open_to(app),
        workers=workers,
        processes=processes,
        project=project,
    )


@lru_cache(maxsize=4)
def _client(url: str) -> Client:
    return connect(url, _SECONDS, _CONNECTIONS)
