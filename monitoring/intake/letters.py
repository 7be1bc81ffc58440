"""Dead letters: batches kept whole, to be looked at and taken in again."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitoring.recording import wire
from monitoring.stream.streams import Entry, Fields, Stream

from .models import DeadLetter

_CHUNK = 100


def letter(stream: Stream, entry: Entry, head: wire.Head | None, problem: tuple[str, str]) -> DeadLetter:
    """Return a dead letter, not saved yet, of an entry and the reason it could not be taken in."""
    reason, error = problem
    return DeadLetter(
        stream=f"{stream.shard}:{stream.lane}",
        producer=head.producer if head else "",
        sequence=head.sequence if head else 0,
        version=head.version if head else 0,
        fields=msgspec.msgpack.encode(entry.fields),
        reason=reason,
        error=error.replace("\0", "\N{REPLACEMENT CHARACTER}")[:2_000],
    )


def unpack(dead: DeadLetter) -> Fields:
    """Return the fields of the entry a dead letter was made of."""
    return msgspec.msgpack.decode(bytes(dead.fields), type=dict[bytes, bytes])


def unstored(alias: str, found: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Leave out what is stored already, byte for byte: nothing else tells one entry without readable fields twice."""
    fresh = {(dead.producer, dead.sequence, dead.fields): dead for dead in found}
    nameless = [fields for producer, _, fields in fresh if not producer]
    for first in range(0, len(nameless), _CHUNK):
        chunk = DeadLetter.objects.using(alias).filter(producer="", fields__in=nameless[first : first + _CHUNK])
        for fields in chunk.values_list("fields", flat=True):
            fresh.pop(("", 0, bytes(fields)), None)
    return list(fresh.values())


def upgraded() -> Iterable[DeadLetter]:
    """Return dead letters of a newer wire version that this release can read by now."""
    waiting = DeadLetter.objects.filter(reason=DeadLetter.Reason.NEWER, version__lte=wire.VERSION)
    return waiting.order_by("pk").iterator()
