"""How good a way of grouping is: over all pairs of errors, are those of one cause together, and others apart?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]


@dataclass(frozen=True)
class Score:
    """Of the pairs that were put together: how many belong together. Of those that belong together: how many were."""

    precision: float
    recall: float
    groups: int

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def score(samples: Sequence[tuple[str, Values]], key: Callable[[Values], Hashable]) -> Score:
    """Judge a way of grouping by samples of known causes."""
    keys = [(cause, key(values)) for cause, values in samples]
    both = _pairs(Counter(keys))
    together = _pairs(Counter(one for _, one in keys))
    belong = _pairs(Counter(cause for cause, _ in keys))
    return Score(both / together, both / belong, len({one for _, one in keys}))


def _pairs(counts: Counter[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in counts.values())


def type_and_message(values: Values) -> Hashable:
    first = values["chain"][0] if values["chain"] else {"type": values["error_type"], "message": values["name"]}
    return first["type"], first["message"]


def type_message_and_transaction(values: Values) -> Hashable:
    return type_and_message(values), values["name"]


def all_frames(values: Values) -> Hashable:
    """By every frame of every exception, as it stands."""
    return tuple(
        (raised["type"], *((frame[0], frame[2]) for frame in raised["frames"])) for raised in values["chain"]
    ) or type_and_message(values)
