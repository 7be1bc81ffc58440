"""Evaluates the checks that are due and publishes the snapshot. Celery calls it every few seconds.

What it knows travels with the snapshot, so any worker can go on where another one stopped; that two do not overwrite
each other is the compare-and-set's business. Without Redis it goes on with what this process knows; without the
database the snapshot goes out all the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time

import redis

from monitoring.component import Status
from monitoring.conf import Config, get_config
from monitoring.stream import snapshots
from monitoring.stream.connection import Client, connect

from .registry import load
from .rows import WriteRows, Written, stale
from .runner import Runner
from .snapshot import Snapshot, advance, decode, due, encode, parts

logger = logging.getLogger("monitoring.health")

_TIMEOUT = 1.0


class Evaluator:
    """Evaluates in one process."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._busy = threading.Lock()
        self._runner = Runner()
        self._client: Client | None = None
        self._last: Snapshot | None = None
        self._written: Written = {}
        self._rows_fail = False

    def reset(self) -> None:
        """Forget everything: after a fork, and when settings change."""
        self._begin()

    def evaluate(self) -> Snapshot | None:
        """Run what is due and publish the result.

        Returns:
            The new snapshot; None when another evaluation was faster, or is still at work in this process.
        """
        busy = self._busy
        if not busy.acquire(blocking=False):
            return None
        try:
            return self._evaluate(get_config())
        finally:
            busy.release()

    def _evaluate(self, config: Config) -> Snapshot | None:
        expected, before = self._read(config)
        now = time.time()
        checks = load(config).checks
        outcomes = self._runner.run(due(before, checks, now))
        version = max(expected or 0, self._last.version if self._last else 0) + 1
        fall, rise = config.health_fall, config.health_rise
        snapshot = advance(before, checks, outcomes, version=version, now=now, fall=fall, rise=rise)
        if expected is not None and not self._publish(config, expected, snapshot):
            return None
        _log_changes(before, snapshot)
        self._last = snapshot
        self._write_rows(snapshot)
        return snapshot

    def _read(self, config: Config) -> tuple[int | None, Snapshot | None]:
        """Return the version in Redis (None while it is away), and the newest snapshot there is, here or there."""
        try:
            held = snapshots.read(self._connect(config), config.stream_prefix)
        except (redis.RedisError, OSError):
            self._disconnect()
            return None, self._last
        there = decode(held.body) if held else None
        newest = max((one for one in (there, self._last) if one), key=lambda one: one.at, default=None)
        return (held.version if held else 0), newest

    def _publish(self, config: Config, expected: int, snapshot: Snapshot) -> bool:
        """Publish; False when another evaluator was faster. An unknown outcome is no reason to forget the result."""
        try:
            client = self._connect(config)
            return snapshots.publish(client, config.stream_prefix, expected, snapshot.version, encode(snapshot))
        except (redis.RedisError, OSError):
            self._disconnect()
            return True

    def _write_rows(self, snapshot: Snapshot) -> None:
        changed = stale(parts(snapshot.checks.values()), self._written)
        if not changed:
            return
        job = WriteRows(parts=changed)
        outcome = self._runner.run([job])[job.id]
        failed = outcome.status is not Status.HEALTHY
        if failed and not self._rows_fail:
            logger.warning("component states are not stored: %s", outcome.message)
        self._rows_fail = failed
        if not failed:
            self._written |= {name: (one.status, one.message, one.checked or 0.0) for name, one in changed.items()}

    def _connect(self, config: Config) -> Client:
        if self._client is None:
            self._client = connect(config.redis_url, _TIMEOUT)
        return self._client

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(redis.RedisError, OSError):
                client.connection_pool.disconnect()


def _log_changes(before: Snapshot | None, after: Snapshot) -> None:
    """Log each component whose status is another one than before."""
    known = parts(before.checks.values()) if before else {}
    for name, part in parts(after.checks.values()).items():
        last = known[name].status if name in known else Status.HEALTHY
        if part.status is not last:
            level = logging.INFO if part.status is Status.HEALTHY else logging.WARNING
            logger.log(level, "%s is %s: %s", name, part.status.value, part.message)


evaluator = Evaluator()
os.register_at_fork(after_in_child=evaluator.reset)
