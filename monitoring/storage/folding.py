"""What intake hands to the slices: columns of one kind of event, and the surroundings of a drain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from django.db.backends.base.base import BaseDatabaseWrapper

Write = Callable[[], None]
"""Writes folded rows, inside of the drain's transaction."""


@dataclass(frozen=True)
class Columns:
    """Events of one kind from many batches, side by side.

    Attributes:
        names: Distinct (service, name) pairs.
        name: For each event the position of its name in `names`.
        at: Milliseconds since the epoch, within bounds.
        values: The other columns by their title on the wire; columns of names hold positions in `names`.
    """

    names: list[tuple[str, str]]
    name: np.ndarray[Any, Any]
    at: np.ndarray[Any, Any]
    values: dict[str, np.ndarray[Any, Any]]

    def where(self, wanted: np.ndarray[Any, Any]) -> Columns:
        """Return the events of a mask."""
        if wanted.all():
            return self
        values = {title: column[wanted] for title, column in self.values.items()}
        return Columns(self.names, self.name[wanted], self.at[wanted], values)


@dataclass(frozen=True)
class Fact:
    """One fact. `at` is in milliseconds since the epoch, within bounds."""

    kind: str
    service: str
    at: int
    values: dict[str, Any]
    origin: dict[str, str]


@dataclass
class Scope:
    """Where and when a drain happens.

    Attributes:
        connection: The write database.
        shard: Whose rows the drain may write.
        lane: `measures` or `facts`.
        now: Milliseconds since the epoch at which the entries were read.
        names_per_minute: Distinct names of a kind that get rows of their own in a minute.
        names_in_all: Distinct names of a kind that are ever stored.
        label_sets: Label sets of one metric that get rows of their own.
        noted: Counts by name of what was clamped or folded away, to be stored with the rows.
        due: What has become due with the rows, for whoever calls the drain to have done soon.
        away: For how many seconds a recorder could not reach Redis before it sent this, or a drain the database.
    """

    connection: BaseDatabaseWrapper
    shard: int
    lane: str
    now: int
    names_per_minute: int
    names_in_all: int
    label_sets: int
    noted: Counter[str] = field(default_factory=Counter)
    due: set[str] = field(default_factory=set)
    away: int = 0
