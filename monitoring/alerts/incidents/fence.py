"""Of evaluators that are at work at once, one goes on: whoever was the last to write knows the number of the row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitoring.storage.patience import limit_waiting

from .models import Evaluation

_LOCK_SECONDS = 10.0
"""What this evaluation does not get to do, one of the next ones does."""


class SupersededError(Exception):
    """Another evaluator has written since this one read."""


@dataclass
class Fence:
    """What one evaluator knows of the row.

    Attributes:
        number: The number it saw last, or made itself.
        since: When the last evaluation began that was completed; None where there was none.
    """

    alias: str
    number: int
    since: datetime | None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Know the number from before again, should the transaction inside of the block be undone."""
        seen = self.number
        try:
            yield
        except BaseException:
            self.number = seen
            raise

    def advance(self, **values: Any) -> None:
        """Take the row, until the transaction ends; the first statement of each transaction that writes.

        Args:
            values: Further columns that are written with it.

        Raises:
            SupersededError: Somebody else has had it.
            OperationalError: Somebody held it, or a row that follows, for too long.
        """
        limit_waiting(self.alias, _LOCK_SECONDS)
        rows = Evaluation.objects.using(self.alias).filter(pk=1, number=self.number)
        if not rows.update(number=self.number + 1, **values):
            raise SupersededError
        self.number += 1


def read(alias: str) -> Fence:
    """Read the row, and make it where there is none yet."""
    rows = Evaluation.objects.using(alias)
    found = rows.filter(pk=1).first()
    if found is None:
        rows.bulk_create([Evaluation()], ignore_conflicts=True)
        found = rows.get(pk=1)
    return Fence(alias, found.number, found.began)
