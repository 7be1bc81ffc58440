"""Looking at the chains again and again, a part at a time: who tampers with them is told of without being asked."""

from __future__ import annotations

from monitoring.conf import Config
from monitoring.journal.record import STREAMS

from . import keys, seals
from .models import StreamHead
from .verifying import Proof, verify_ends, verify_part

AT_ONCE = 50_000
"""Entries of one stream that are looked at in one go."""


def look(config: Config, using: str) -> list[Proof]:
    """Look at the ends of each chain and at its next part, beginning anew after the last one.

    Args:
        config: This installation's settings.
        using: Alias of the database.

    Returns:
        What was found, one proof for each stream.
    """
    where, trusted = seals.place(config), keys.trusted(config)
    heads = {head.stream: head for head in StreamHead.objects.using(using).filter(stream__in=STREAMS)}
    proofs = []
    for stream in STREAMS:
        proof = verify_ends(stream, using, where, trusted)
        if (head := heads.get(stream)) is not None and head.sequence:
            begun = max(head.checked, head.pruned) if head.checked < head.sequence else head.pruned
            last = min(begun + AT_ONCE, head.sequence)
            part = verify_part(stream, using, where, trusted, begun + 1, last)
            mine = StreamHead.objects.using(using).filter(pk=stream)
            if mine.filter(pruned=head.pruned).update(checked=last):  # else retention let go of what was looked at
                part.problems += proof.problems
                proof = part
        proofs.append(proof)
    return proofs
