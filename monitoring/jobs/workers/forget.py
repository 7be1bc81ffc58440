"""Forgetting a worker that will not come back under its name."""

from __future__ import annotations

from django.db import router, transaction

from monitoring.conf import Config
from monitoring.jobs import findings, sight
from monitoring.storage import trail
from monitoring.stream import heartbeats

from .models import Worker


class AliveError(Exception):
    """The worker lives: it would be known again with its next heartbeat."""


def forget(node: str, config: Config) -> bool:
    """Forget a worker, and resolve what was found of it.

    Returns:
        Whether it was known.

    Raises:
        AliveError: It lives.
        redis.RedisError: Redis does not answer, and nothing was forgotten.
    """
    client = sight.client_of(config.redis_url)
    told = [one for one in heartbeats.read(client, config.stream_prefix) if (one.kind, one.node) == ("worker", node)]
    if any(one.alive for one in told):
        raise AliveError
    alias = router.db_for_write(Worker)
    with transaction.atomic(using=alias):
        deleted, _ = Worker.objects.using(alias).filter(pk=node).delete()
        for kind in ("worker_down", "worker_wedged"):
            findings.resolve(kind, node)
        if told or deleted:
            trail.tell(trail.Deed("worker.forget", "worker", node), alias)
        heartbeats.forget(client, config.stream_prefix, "worker", node)
    sight.forget()
    return bool(told or deleted)
