"""Numbers of names that are labels. Only names whose label set gets a row are stored: a flood of others is not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from monitoring.storage import names
from monitoring.storage.folding import Columns, Scope

from .classic import Array

PROVISIONAL = 2**40
"""From here on numbers stand for names that are not stored; folding multiplies them by the number of rows."""


class Numbering:
    """The numbers of names within one drain."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._numbers: dict[names.Key, int] = {}
        self._fresh: list[names.Key] = []

    def of(self, kind: str, columns: Columns, positions: Array) -> Array:
        """Turn positions among the events' names into numbers; an empty name is 0."""
        used = np.flatnonzero(np.bincount(positions, minlength=len(columns.names))).tolist()
        titles = {p: (kind, *columns.names[p]) for p in used if columns.names[p][1]}
        unknown = [title for title in titles.values() if title not in self._numbers]
        stored = names.lookup(self._scope.connection, unknown)
        for title in unknown:
            if (number := stored.get(title)) is None:
                number = PROVISIONAL + len(self._fresh)
                self._fresh.append(title)
            self._numbers[title] = number
        number_of = np.zeros(len(columns.names), np.int64)
        for position, title in titles.items():
            number_of[position] = self._numbers[title]
        return number_of[positions]

    def store(self, provisional: Iterable[int]) -> dict[int, int]:
        """Store the names that these numbers stand for; return what they are stored as."""
        titles = {number: self._fresh[number - PROVISIONAL] for number in provisional}
        ids, folded = names.intern(self._scope.connection, titles.values(), self._scope.names_in_all)
        self._scope.noted["names_folded"] += folded
        return {number: ids[title] for number, title in titles.items()}
