"""Which batches are new, and what their counts say was lost. Pure functions over heads and stored sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.recording.wire import Head


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

    def knows(self, producer: str) -> bool:
        """Whether anything of this producer was counted before."""
        return producer in self._known

    def is_repeated(self, head: Head) -> bool:
        """Whether the batch was counted before, in an earlier drain or in this one."""
        return head.sequence <= self._known.get(head.producer, Known()).sequence

    def count(self, head: Head) -> Counter[str]:
        """Count a batch, and return how many events its producer recorded since the one before, by kind."""
        before = self._known.get(head.producer, Known())
        grown = Counter({kind: max(0, n - before.counts.get(kind, 0)) for kind, n in head.counts.items()})
        self._known[head.producer] = self.changed[head.producer] = Known(head.sequence, head.counts)
        return grown
