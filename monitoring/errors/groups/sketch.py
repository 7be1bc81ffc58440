"""How many different texts there were, in 4 kB however many they are: a HyperLogLog.

A hash chooses one of 4,096 registers, which keeps the longest run of leading zeros in the rest of the hash. Adding and
merging take the greater value, so that order and repetition do not matter. The estimate is Ertl's improved one of 2017
("New cardinality estimation algorithms for HyperLogLog sketches") without its correction for registers that are full,
as nothing that is counted here fills one: it has no bias and needs no tables; the standard error is 1.6 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from hashlib import blake2b

_INDEX_BITS = 12
_REGISTERS = 1 << _INDEX_BITS
_RANK_BITS = 64 - _INDEX_BITS
_ALPHA = 1 / (2 * math.log(2))


class Sketch:
    """A set of texts of which only the size can be told, nearly.

    Args:
        texts: What to begin with.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._registers = bytearray(_REGISTERS)
        for text in texts:
            self.add(text)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Sketch:
        """Return the sketch that `to_bytes` wrote.

        Raises:
            ValueError: It is none.
        """
        if len(data) != _REGISTERS or max(data) > _RANK_BITS + 1:
            raise ValueError("these bytes are no sketch")
        sketch = cls()
        sketch._registers[:] = data
        return sketch

    def to_bytes(self) -> bytes:
        """Return 4,096 bytes to be stored, the same on every machine."""
        return bytes(self._registers)

    def add(self, text: str) -> None:
        """Count a text."""
        value = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        register, rest = value >> _RANK_BITS, value & ((1 << _RANK_BITS) - 1)
        rank = _RANK_BITS - rest.bit_length() + 1
        self._registers[register] = max(self._registers[register], rank)

    def merge(self, other: Sketch) -> Sketch:
        """Return a sketch of all that either has counted."""
        return Sketch.from_bytes(bytes(map(max, self._registers, other._registers)))

    def count(self) -> int:
        """Return about how many different texts were counted."""
        counts = [0] * (_RANK_BITS + 2)
        for rank in self._registers:
            counts[rank] += 1
        if counts[0] == _REGISTERS:
            return 0
        total = 0.0
        for rank in range(_RANK_BITS + 1, 0, -1):
            total = 0.5 * (total + counts[rank])
        total += _REGISTERS * _sigma(counts[0] / _REGISTERS)
        return round(_ALPHA * _REGISTERS**2 / total)


def _sigma(part: float) -> float:
    """Return what registers that are still empty, a part of all below 1, tell of the size."""
    total, factor = part, 1.0
    while True:
        part *= part
        before, total = total, total + part * factor
        if total == before:
            return total
        factor *= 2
