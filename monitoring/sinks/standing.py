"""How it goes with the sinks that are on."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import router

from monitoring.conf import Config

from . import backlog, kinds
from .backlog import Waiting
from .models import SinkBatch, SinkState


@dataclass(frozen=True)
class Standing:
    """A sink that is on.

    Attributes:
        kind: Which one.
        address: Where it sends to, without what must stay secret.
        state: How it goes; of one to which nothing was sent yet, an empty one.
        waiting: What waits for it.
    """

    kind: str
    address: str
    state: SinkState
    waiting: Waiting


def standing(config: Config) -> list[Standing]:
    """Return how it goes with the sinks that are on; asks nobody where none is.

    Args:
        config: Says which are on.
    """
    on = kinds.configured(config)
    if not on:
        return []
    alias = router.db_for_write(SinkBatch)
    waiting = backlog.waiting(alias)
    states = SinkState.objects.using(alias).in_bulk(list(on))
    return [
        Standing(kind, sink.address, states.get(kind, SinkState(sink=kind)), waiting.get(kind, Waiting()))
        for kind, sink in sorted(on.items())
    ]
