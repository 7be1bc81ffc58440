"""Looking at the chains again and again, a part at a time: who tampers with them is told of without being asked."""

from __future__ import annotations

from monitoring.conf import Config

from . import keys, seals
from .models import StreamHead
from .verifying import Proof, verify_part

AT_ONCE = 5_000
"""Entries of one stream that are looked at in one go."""


def look(config: Config, using: str) -> list[Proof]:
    """Look at the next part of each chain, and begin anew after the last one.

    Args:
        config: This installation's settings.
        using: Alias of the database.

    Returns:
        What was found, one proof for each stream that has entries.
    """
    where, trusted, proofs = seals.place(config), keys.trusted(config), []
    for head in StreamHead.objects.using(using).filter(sequence__gt=0).order_by("stream"):
        begun = max(head.checked, head.pruned) if head.checked < head.sequence else head.pruned
        last = min(begun + AT_ONCE, head.sequence)
        proofs.append(verify_part(head.stream, using, where, trusted, begun + 1, last))
        StreamHead.objects.using(using).filter(pk=head.pk).update(checked=last)
    return proofs
