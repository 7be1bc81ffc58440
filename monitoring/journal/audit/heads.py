"""Sealing the ends of chains outside of the database, and letting go of what is beyond its retention."""

from __future__ import annotations

import logging
from bisect import bisect_left
from datetime import datetime, timedelta

from django.core.files.storage import Storage

from monitoring.conf import Config
from monitoring.journal.record import STREAMS

from . import keys, seals
from .models import JournalEntry, StreamHead
from .verifying import verify_part

logger = logging.getLogger("monitoring.journal.audit")
_AT_ONCE = 1_000


def seal(config: Config, using: str, now: datetime) -> list[str]:
    """Seal each chain that went on since its last seal, which was `JOURNAL_SEAL_SECONDS` ago.

    Args:
        config: This installation's settings.
        using: Alias of the database.
        now: The current time.

    Returns:
        What is wrong with what is there, one sentence each, beginning with the stream.
    """
    where, wrong = seals.place(config), []
    if where is None:
        return []
    for head in _heads(using):
        rested = head.sealed_at is None or abs(now - head.sealed_at) >= timedelta(seconds=config.journal_seal_seconds)
        if not head.sequence or not rested:
            continue
        try:
            # The database is not believed that there is a seal: who rewrites it would have no more of them made.
            if head.sequence != head.sealed or not seals.exists(where, seals.SEAL, head.stream, head.sealed):
                wrong += _seal(head, where, config, using, now)
        except Exception as error:  # a place that cannot be written to; the other chains are sealed all the same
            logger.debug("%s cannot be sealed", head.stream, exc_info=True)
            wrong.append(f"{head.stream}: it cannot be sealed: {type(error).__name__}: {error}"[:500])
    return wrong


def _seal(head: StreamHead, where: Storage, config: Config, using: str, now: datetime) -> list[str]:
    there, wrong = seals.sequences(where, seals.SEAL, head.stream), []
    if there and there[-1] > head.sequence:
        says = f"entries up to {there[-1]} were sealed, and the chain ends with {head.sequence}"
        return [f"{head.stream}: {says}: it was cut off, or a backup was restored"]
    if head.sealed and head.sealed not in there:
        wrong.append(f"{head.stream}: the seal of entry {head.sealed} is not there any more")
    before = next((one for one in reversed(there) if one < head.sequence), 0)
    point = seals.Point(seals.SEAL, head.stream, head.sequence, head.digest)
    seals.write(where, keys.signing_key(config), point, before, now)
    mine = StreamHead.objects.using(using).filter(stream=head.stream, sealed=head.sealed)
    mine.update(sealed=head.sequence, sealed_at=now)
    return wrong


def prune(config: Config, using: str, now: datetime) -> list[str]:
    """Let go of entries that were sealed outside before `JOURNAL_RETENTION_DAYS`, up to the last seal that is so old.

    They are proved first: what was tampered with stays, as evidence. A signed note says up to where entries went, so
    that what stays can be proved still. Without a place for seals nothing goes.

    Returns:
        Why something stays that is old enough, one sentence each, beginning with the stream.
    """
    where, wrong = seals.place(config), []
    if where is None:
        return []
    before = now - timedelta(days=config.journal_retention_days)
    for head in _heads(using):
        wrong += _let_go(head, where, config, using, before, now)
        _delete(head, using)
        for kind in (seals.SEAL, seals.PRUNED):
            for sequence in seals.sequences(where, kind, head.stream):
                if sequence < head.pruned:
                    seals.delete(where, kind, head.stream, sequence)
    return wrong


def _heads(using: str) -> list[StreamHead]:
    return list(StreamHead.objects.using(using).filter(stream__in=STREAMS).order_by("stream"))


def _let_go(head: StreamHead, where: Storage, config: Config, using: str, before: datetime, now: datetime) -> list[str]:
    last = _old(head, where, before)
    if last is None:
        return []
    proof = verify_part(head.stream, using, where, keys.trusted(config), head.pruned + 1, last)
    row = JournalEntry.objects.using(using).filter(stream=head.stream, sequence=last).first()
    if proof.problems or proof.sealed != last or row is None:
        says = proof.problems[0].says if proof.problems else f"entry {last} is not the one that was sealed"
        return [f"{head.stream}: old entries stay, as they are not what was written: {says}"]
    point = seals.Point(seals.PRUNED, head.stream, last, row.digest)
    seals.write(where, keys.signing_key(config), point, head.pruned, now)
    StreamHead.objects.using(using).filter(pk=head.pk, pruned=head.pruned).update(pruned=last)
    head.pruned = last
    return []


def _old(head: StreamHead, where: Storage, before: datetime) -> int | None:
    """Return the last entry whose seal says that it is old enough; by the seal, as whoever owns the rows dates them."""
    there = [one for one in seals.sequences(where, seals.SEAL, head.stream) if head.pruned < one <= head.sequence]
    number = bisect_left(there, True, key=lambda one: not _is_before(head.stream, where, one, before))
    return there[number - 1] if number else None


def _is_before(stream: str, where: Storage, sequence: int, before: datetime) -> bool:
    try:
        return datetime.fromisoformat(seals.read(where, seals.SEAL, stream, sequence).at) < before
    except (seals.SealError, ValueError, TypeError):
        return False


def _delete(head: StreamHead, using: str) -> None:
    """Delete what was let go, a little at a time; who dies in the middle leaves the rest to the next one."""
    while True:
        rows = JournalEntry.objects.using(using).filter(stream=head.stream, sequence__lte=head.pruned)
        ids = list(rows.order_by("sequence").values_list("id", flat=True)[:_AT_ONCE])
        if not ids:
            return
        JournalEntry.objects.using(using).filter(id__in=ids).delete()
