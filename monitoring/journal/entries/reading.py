"""Sealed entries and those that wait to be sealed, as one list.

Pending ones are read first: an entry that is sealed between the two looks is then found twice, and shown once, instead
of being found nowhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import router
from django.db.models import QuerySet

from monitoring.access.paging import CursorPages
from monitoring.journal.audit.models import JournalEntry, PendingEntry

from .search import narrowed

Rows = Callable[[type[Any]], QuerySet[Any]]
_ORDER = ("at", "entry_id")
_CHUNK = 2_000


class EntryPages(CursorPages):
    """Pages of entries, the newest first, sealed or not."""

    ordering = ("-at", "-entry_id")

    def rows(
        self, queryset: Any, columns: Sequence[str], after: Sequence[Any] | None, descending: bool, number: int
    ) -> list[Any]:
        """Return the first entries that come after a place, of both kinds.

        Args:
            queryset: Sealed entries that are listed; `waiting`, set by `of`, those that wait.
            columns: By what they are ordered.
            after: Values of these columns at the place; None for the beginning.
            descending: Whether the greatest come first.
            number: How many at most.
        """
        waiting = super().rows(self.waiting, columns, after, descending, number)
        sealed = super().rows(queryset, columns, after, descending, number)
        both = {row.entry_id: row for row in (*waiting, *sealed)}
        return sorted(both.values(), key=_place, reverse=descending)[:number]

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> tuple[EntryPages, QuerySet[Any]]:
        """Return pages of what was asked for, and the sealed entries to cut into them.

        Args:
            asked: Validated values of `JournalFilterSerializer`.
        """
        pages = cls()
        pages.waiting = narrowed(_all(PendingEntry), asked)
        return pages, narrowed(_all(JournalEntry), asked)

    waiting: QuerySet[Any]


def find(entry_id: UUID) -> Any | None:
    """Return one entry, sealed or not; None if there is none.

    Args:
        entry_id: Its own id.
    """
    waiting = _all(PendingEntry).filter(entry_id=entry_id).first()
    return _all(JournalEntry).filter(entry_id=entry_id).first() or waiting


def each(asked: Mapping[str, Any]) -> Iterator[Any]:
    """Go through all entries that were asked for, the oldest first, without ever holding many.

    Args:
        asked: Validated values of `JournalFilterSerializer`.
    """
    waiting = list(narrowed(_all(PendingEntry), asked).order_by(*_ORDER))
    known = {row.entry_id for row in waiting}
    sealed = narrowed(_all(JournalEntry), asked).order_by(*_ORDER).iterator(chunk_size=_CHUNK)
    for row in heapq.merge(sealed, waiting, key=_place):  # of equals, what is sealed comes out first
        if row.entry_id in known:
            known.discard(row.entry_id)
        elif getattr(row, "sequence", None) is None:
            continue  # its sealed form was there already
        yield row


def _place(row: Any) -> tuple[Any, ...]:
    return row.at, row.entry_id


def _all(model: type[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.using(router.db_for_write(model))
    return rows
