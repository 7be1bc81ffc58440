"""Which batches are new, and what their counts say was lost. Pure functions over heads and stored sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.recording.wire import Head

FORGET_SECONDS = 24 * 3600
"""After which a silent producer is forgotten, and a batch of an unknown one can no longer be trusted."""
_SUSPECT = "?"
"""A mark among the counts, as no kind is called: this producer had been forgotten when its last batch came."""


@dataclass(frozen=True)
class Known:
    """The last batch of a producer that counts: its sequence and its cumulative counts."""

    sequence: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


class Ledger:
    """The producers of one stream during one drain.

    Args:
        known: What the database says of the producers, by id.
    """

    def __init__(self, known: Mapping[str, Known]) -> None:
        self._known = dict(known)
        self.changed: dict[str, Known] = {}

    def trusts(self, producer: str) -> bool:
        """Whether what this producer sent before is known, so that none of its batches can count twice."""
        return _SUSPECT not in self._known.get(producer, Known(0, {_SUSPECT: 1})).counts

    def is_repeated(self, head: Head) -> bool:
        """Whether the batch was counted before, in an earlier drain or in this one."""
        return head.sequence <= self._known.get(head.producer, Known()).sequence

    def count(self, head: Head, *, suspect: bool = False) -> Counter[str]:
        """Count a batch, and return how many events its producer recorded since the one before, by kind.

        Args:
            head: What the batch says of itself.
            suspect: Whether it may have been counted before its producer was forgotten.
        """
        before = self._known.get(head.producer, Known()).counts
        grown = Counter({kind: max(0, n - before.get(kind, 0)) for kind, n in head.counts.items()})
        # Should counts ever fall, what was reported once is not reported again when they rise.
        counts = {kind: max(n, before.get(kind, 0)) for kind, n in head.counts.items()}
        counts |= {_SUSPECT: 1} if suspect else {}
        self._known[head.producer] = self.changed[head.producer] = Known(head.sequence, counts)
        return grown
