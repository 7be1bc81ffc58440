"""Sealing: entries that wait become part of the chain of their stream, each once and without a gap.

Whoever dies in the middle leaves everything as it was. The row of a stream's head is locked meanwhile, and changed only
from what was read: two who seal at once come one after the other, or the later one starts over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, transaction

from monitoring.journal.record import STREAMS

from . import canonical
from .models import JournalEntry, PendingEntry, StreamHead
from .writing import FIELDS

AT_ONCE = 500
"""Entries that are sealed in one transaction."""
_TRIES = 5


class OvertakenError(DatabaseError):
    """Somebody else has sealed meanwhile; nothing was done."""


def seal(using: str, now: datetime, step: Callable[[str], None] = lambda _name: None) -> int:
    """Seal all that waits.

    Args:
        using: Alias of the database.
        now: The current time.
        step: Called with the name of each step, for tests.

    Returns:
        How many entries were sealed.

    Raises:
        OvertakenError: Others were faster again and again.
    """
    done = 0
    waiting = (
        PendingEntry.objects.using(using)
        .filter(stream__in=STREAMS)
        .order_by()
        .values_list("stream", flat=True)
        .distinct()
    )
    for stream in sorted(waiting):
        while sealed := _at_last(stream, using, now, step):
            done += sealed
    return done


def _at_last(stream: str, using: str, now: datetime, step: Callable[[str], None]) -> int:
    """Seal the first entries that wait; who is overtaken starts over."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(OvertakenError):
            return seal_some(stream, using, now, step)
    return seal_some(stream, using, now, step)


def seal_some(stream: str, using: str, now: datetime, step: Callable[[str], None] = lambda _name: None) -> int:
    """Seal the first entries of a stream that wait; return how many were dealt with.

    Raises:
        OvertakenError: Somebody else was faster.
    """
    StreamHead.objects.using(using).get_or_create(stream=stream, defaults={"digest": canonical.GENESIS})
    with transaction.atomic(using=using):
        head = StreamHead.objects.using(using).select_for_update().get(stream=stream)
        pending = list(PendingEntry.objects.using(using).filter(stream=stream).order_by("id")[:AT_ONCE])
        if not pending:
            return 0
        step("read")
        ids = [one.entry_id for one in pending]
        known = set(JournalEntry.objects.using(using).filter(entry_id__in=ids).values_list("entry_id", flat=True))
        rows, sequence, previous = [], head.sequence, head.digest
        for one in pending:
            if one.entry_id in known:
                continue
            sequence += 1
            row = JournalEntry(
                **{name: getattr(one, name) for name in FIELDS},
                sequence=sequence,
                previous=previous,
                form=canonical.FORM,
                sealed_at=now,
            )
            previous = row.digest = canonical.digest(row, sequence, previous)
            rows.append(row)
        JournalEntry.objects.using(using).bulk_create(rows)
        step("inserted")
        PendingEntry.objects.using(using).filter(id__in=[one.id for one in pending]).delete()
        step("deleted")
        # Both: a head that was set back and went on anew may have come to the same number.
        read = StreamHead.objects.using(using).filter(stream=stream, sequence=head.sequence, digest=head.digest)
        if read.update(sequence=sequence, digest=previous) != 1:
            raise OvertakenError(f"the chain of {stream} went on meanwhile")
        step("moved")
    step("end")
    return len(pending)
