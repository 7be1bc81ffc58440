"""How strategies come at the broker and the workers: through the machinery of *Jobs*, whose refusals are theirs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import redis

from monitoring.jobs.actions import kind as actions
from monitoring.jobs.actions.outcomes import ActionError

from .base import RefusedError, Site


@contextmanager
def at_work(site: Site) -> Iterator[actions.Site]:
    """Connect to the broker, for as long as this lasts.

    Raises:
        RefusedError: The broker or the heartbeats cannot be reached, or what was asked of them cannot be done.
    """
    try:
        with closing(site.remote()) as remote:
            yield actions.Site(remote, site.workers(), site.config)
    except ActionError as error:
        raise RefusedError(str(error)) from error
    except redis.RedisError as error:
        raise RefusedError(f"The Redis that holds the heartbeats does not answer: {error}") from error
