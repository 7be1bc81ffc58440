"""Who works on a recovery: a lease in its row, which ends by itself when its holder dies."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q

from monitoring.recovery.models import Recovery

LEASE_SECONDS = 30
"""A holder is done before, or dead. One that was only held up finds out before it does anything: see `renew`."""
MOST_ATTEMPTS = 5
"""So often a recovery may end whoever works on it."""


class LostError(Exception):
    """The lease is somebody else's by now: what was to be written is theirs to write."""


def claim(recovery_id: uuid.UUID, now: datetime, alias: str) -> Recovery | None:
    """Take a recovery's lease; None where somebody has it, or there is nothing to do any more.

    Args:
        recovery_id: The recovery's.
        now: The time.
        alias: The write database.
    """
    rows, mine = Recovery.objects.using(alias), uuid.uuid4()
    free = rows.filter(Q(lease=None) | Q(leased_until__lte=now), pk=recovery_id, next_at__isnull=False)
    until = now + timedelta(seconds=LEASE_SECONDS)
    if not free.update(lease=mine, leased_until=until, attempts=F("attempts") + 1, version=F("version") + 1):
        return None
    return rows.select_related("leader").filter(pk=recovery_id, lease=mine).first()


def renew(row: Recovery, now: datetime, alias: str) -> None:
    """Make sure that a recovery is still held, and for a whole lease to come: before what reaches further than rows.

    Args:
        row: The recovery.
        now: The time.
        alias: The write database.

    Raises:
        LostError: It is held no longer.
    """
    held = Recovery.objects.using(alias).filter(pk=row.pk, lease=row.lease)
    if not held.update(leased_until=now + timedelta(seconds=LEASE_SECONDS)):
        raise LostError(f"Recovery {row.pk} is somebody else's.")


def save(row: Recovery, alias: str, **values: Any) -> None:
    """Change a recovery that is held; inside of a transaction what belongs to it is undone if it is not.

    Raises:
        LostError: It is held no longer.
    """
    held = Recovery.objects.using(alias).filter(pk=row.pk, lease=row.lease)
    if not held.update(version=F("version") + 1, **values):
        raise LostError(f"Recovery {row.pk} is somebody else's.")
    for name, value in values.items():
        setattr(row, name, value)


def release(row: Recovery, next_at: datetime | None, alias: str) -> None:
    """Give the lease back.

    Args:
        row: The recovery.
        next_at: When somebody is to look at it next; None once it is over. What was asked for meanwhile comes first.
        alias: The write database.

    Raises:
        LostError: It is held no longer.
    """
    rows = Recovery.objects.using(alias).filter(pk=row.pk, lease=row.lease)
    values: dict[str, Any] = {"lease": None, "leased_until": None, "attempts": 0, "next_at": next_at}
    # Who decided about it while it was held has set another time, which must not get lost.
    if not rows.filter(next_at=row.next_at).update(**values):
        del values["next_at"]
        if not rows.update(**values):
            raise LostError(f"Recovery {row.pk} is somebody else's.")
