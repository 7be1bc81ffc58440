"""Sealing the ends of chains outside of the database, and letting go of what is beyond its retention."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.files.storage import Storage

from monitoring.conf import Config

from . import keys, seals
from .models import JournalEntry, StreamHead

_AT_ONCE = 1_000


def seal(config: Config, using: str, now: datetime) -> list[str]:
    """Seal each chain that went on since its last seal, which was `JOURNAL_SEAL_SECONDS` ago.

    Args:
        config: This installation's settings.
        using: Alias of the database.
        now: The current time.

    Returns:
        What is wrong with what is there, one sentence each.
    """
    where, wrong = seals.place(config), []
    if where is None:
        return []
    key = keys.signing_key(config)
    for head in StreamHead.objects.using(using).order_by("stream"):
        rested = head.sealed_at is None or now - head.sealed_at >= timedelta(seconds=config.journal_seal_seconds)
        if head.sequence <= head.sealed or not rested:
            continue
        try:
            seals.write(where, key, seals.Point(seals.SEAL, head.stream, head.sequence, head.digest), head.sealed, now)
        except seals.SealError as error:
            wrong.append(f"{head.stream}: {error}")
            continue
        mine = StreamHead.objects.using(using).filter(stream=head.stream, sealed__lt=head.sequence)
        mine.update(sealed=head.sequence, sealed_at=now)
    return wrong


def prune(config: Config, using: str, now: datetime) -> int:
    """Let go of entries that were sealed before `JOURNAL_RETENTION_DAYS`, up to the last seal among them.

    A signed note says up to where, so that what stays can be proved still. Without a place for seals nothing goes.

    Returns:
        How many entries were deleted.
    """
    where = seals.place(config)
    if where is None:
        return 0
    before = now - timedelta(days=config.journal_retention_days)
    return sum(_prune(head, where, config, using, before, now) for head in StreamHead.objects.using(using).all())


def _prune(head: StreamHead, where: Storage, config: Config, using: str, before: datetime, now: datetime) -> int:
    rows = JournalEntry.objects.using(using).filter(stream=head.stream)
    old = rows.filter(sealed_at__lt=before, sequence__gt=head.pruned).order_by("-sequence").first()
    if old is not None:
        provable = [one for one in seals.sequences(where, seals.SEAL, head.stream) if head.pruned < one <= old.sequence]
        if provable and (last := rows.filter(sequence=provable[-1]).first()) is not None:
            key = keys.signing_key(config)
            note = seals.Point(seals.PRUNED, head.stream, last.sequence, last.digest)
            seals.write(where, key, note, head.pruned, now)
            StreamHead.objects.using(using).filter(pk=head.pk, pruned=head.pruned).update(pruned=last.sequence)
            head.pruned = last.sequence
    gone = _delete(head, using)
    for kind, beneath in ((seals.SEAL, head.pruned), (seals.PRUNED, head.pruned)):
        for sequence in seals.sequences(where, kind, head.stream):
            if sequence < beneath:
                seals.delete(where, kind, head.stream, sequence)
    return gone


def _delete(head: StreamHead, using: str) -> int:
    """Delete what was let go, a little at a time; who dies in the middle leaves the rest to the next one."""
    gone = 0
    while True:
        rows = JournalEntry.objects.using(using).filter(stream=head.stream, sequence__lte=head.pruned)
        ids = list(rows.order_by("sequence").values_list("id", flat=True)[:_AT_ONCE])
        if not ids:
            return gone
        gone += JournalEntry.objects.using(using).filter(id__in=ids).delete()[0]
