"""Distinct things in a bounded number of bytes, with some examples. Pure values."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST = 128
"""Distinct things that are told apart: far beyond every limit."""
EXAMPLES = 5
_HASH = struct.Struct("<Q")


@dataclass
class Distinct:
    """What was tried, or who tried it.

    Attributes:
        count: How often, in all.
        hashes: Of the distinct ones, `MOST` at the most.
        examples: The first of them.
    """

    count: int = 0
    hashes: set[int] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)

    def see(self, hashed: int, example: str, count: int) -> None:
        """Take one in, that was seen so often."""
        self.count += count
        if hashed in self.hashes or len(self.hashes) >= MOST:
            return
        self.hashes.add(hashed)
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)

    def add(self, other: Distinct) -> None:
        """Take another one's in."""
        self.count += other.count
        self.hashes.update(sorted(other.hashes - self.hashes)[: MOST - len(self.hashes)])
        new = (one for one in other.examples if one not in self.examples)
        self.examples += list(new)[: max(0, EXAMPLES - len(self.examples))]

    def __len__(self) -> int:
        return len(self.hashes)


def pack(hashes: Iterable[int]) -> bytes:
    """Write hashes down."""
    return b"".join(map(_HASH.pack, sorted(hashes)))


def unpack(count: int, hashes: bytes, examples: str) -> Distinct:
    """Read what was written down."""
    return Distinct(count, {one for (one,) in _HASH.iter_unpack(hashes)}, json.loads(examples))
