"""The way to a destination: one sender at a time, no more messages than allowed, and rest for one that fails.

What is wrong with a channel is found with one message; the others wait, and become one when it goes again.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from monitoring.alerts.channels.base import Destination

from .bucket import Bucket
from .models import DeliveryGate

LEASE_SECONDS = 45.0
"""Longer than one attempt can take; who is gone for so long is replaced."""
_FIRST_PAUSE, _MOST_PAUSE, _MOST_RETRY_AFTER = 5.0, 300.0, 900.0
_MAX_PROBLEM = 500


def provide(destinations: Iterable[Destination], alias: str) -> None:
    """Make sure that there are ways to destinations, and that they are as these are."""
    wanted = {one.key: one for one in destinations}
    rows = DeliveryGate.objects.using(alias)
    there = rows.in_bulk(wanted) if wanted else {}
    missing = [DeliveryGate(key=key, refilled=None, **_facts(one)) for key, one in wanted.items() if key not in there]
    if missing:
        rows.bulk_create(missing, ignore_conflicts=True)
    for key, row in there.items():
        facts = _facts(wanted[key])
        if any(getattr(row, name) != value for name, value in facts.items()):
            rows.filter(pk=key).update(**facts)


def labels(keys: Collection[str], alias: str) -> dict[str, tuple[str, str]]:
    """Return what people are shown of destinations, and the kinds of their channels, by key."""
    if not keys:
        return {}
    rows = DeliveryGate.objects.using(alias).filter(pk__in=keys)
    return {key: (label, channel) for key, label, channel in rows.values_list("key", "label", "channel")}


def passable(now: datetime, alias: str) -> QuerySet[DeliveryGate]:
    """Return the ways on which nobody is, and that are not to be left alone."""
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return DeliveryGate.objects.using(alias).filter(free, Q(paused_until=None) | Q(paused_until__lte=now))


def _facts(destination: Destination) -> Mapping[str, Any]:
    return {
        "label": destination.label[:200],
        "channel": destination.kind[:30],
        "digest": destination.digest,
        "hourly_limit": destination.hourly_limit,
    }


class Gate:
    """The way to one destination, for who goes it. Whatever is written here is so only while it is held.

    Args:
        key: Of the destination.
        alias: The database.
    """

    def __init__(self, key: str, alias: str) -> None:
        self._key, self._alias = key, alias
        self._mine = uuid.uuid4()
        self.row = DeliveryGate(key=key)

    def enter(self, now: datetime) -> bool:
        """Take the way, unless somebody is on it or it is to be left alone; return whether it is taken."""
        free = passable(now, self._alias).filter(pk=self._key)
        if not free.update(lease=self._mine, leased_until=now + timedelta(seconds=LEASE_SECONDS)):
            return False
        self.row = self._held().get()
        return True

    def keep(self, now: datetime) -> bool:
        """Stay on the way; return whether it is still held: who was held up for long has lost it."""
        return self._change(leased_until=now + timedelta(seconds=LEASE_SECONDS))

    def leave(self) -> None:
        """Let others go."""
        self._held().update(lease=None, leased_until=None)

    @property
    def bucket(self) -> Bucket:
        """Return what may be sent."""
        return Bucket(self.row.hourly_limit, self.row.tokens, self.row.refilled)

    def is_last(self, now: datetime) -> bool:
        """Whether only one message may be sent now, and the next has to wait."""
        return self.bucket.at(now) < 2.0

    def spend(self, now: datetime) -> None:
        """Count a message against what may be sent."""
        if self.row.hourly_limit:
            self._change(tokens=max(0.0, self.bucket.at(now) - 1.0), refilled=now)

    def passed(self) -> None:
        """Forget former failures."""
        if self.row.failures or self.row.problem:
            self._change(failures=0, paused_until=None, problem="")

    def rest(self, until: datetime) -> None:
        """Send nothing there until a time, so that what happens meanwhile becomes one message."""
        self._change(paused_until=until)

    def failed(self, problem: str, retry_after: float | None, now: datetime) -> float:
        """Leave the destination alone for a while: twice as long each time, and never all at once.

        Args:
            problem: What went wrong, without secrets.
            retry_after: Seconds for which it wants to be left alone, if it said so. It is at most for a quarter of an
                hour: what is critical must not wait for days since a receiver says so.
            now: The current time.

        Returns:
            For how many seconds.
        """
        failures = self.row.failures + 1
        most = min(_FIRST_PAUSE * 2 ** min(failures - 1, 30), _MOST_PAUSE)
        wait = min(max(retry_after or 0.0, random.uniform(0.0, most)), _MOST_RETRY_AFTER)  # noqa: S311
        until = now + timedelta(seconds=wait)
        self._change(failures=failures, paused_until=until, problem=problem[:_MAX_PROBLEM])
        return wait

    def _change(self, **values: Any) -> bool:
        for name, value in values.items():
            setattr(self.row, name, value)
        return bool(self._held().update(**values))

    def _held(self) -> QuerySet[DeliveryGate]:
        return DeliveryGate.objects.using(self._alias).filter(pk=self._key, lease=self._mine)


def revive(keys: Collection[str], alias: str) -> int:
    """Let destinations be tried at once; return how many there are."""
    return DeliveryGate.objects.using(alias).filter(pk__in=keys).update(paused_until=None)
