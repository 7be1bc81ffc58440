"""What a kind of rules is, and what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from .rule import Filters, Params
from .samples import Result

P = TypeVar("P", bound=Params)
T = TypeVar("T")
SLACK_SECONDS = 600
"""So long may a transaction take that writes an event, or may clocks differ, without the event being overlooked."""
_MINUTE = 60


@dataclass(frozen=True)
class Query:
    """What a rule is asked at one moment.

    Attributes:
        now: The moment.
        since: When the rule was last evaluated, None where nobody knows.
        filters: Which part of the data is looked at.
        min_count: Rates and quantiles of fewer occurrences are not judged.
        shared: What rules that are evaluated in the same round have read already.
    """

    now: datetime
    since: datetime | None = None
    filters: Filters = field(default_factory=Filters)
    min_count: int = 0
    shared: dict[Hashable, Any] = field(default_factory=dict)

    def events_from(self, seconds: int) -> datetime:
        """Return from when on events are looked at.

        They are not followed by a cursor: ids and times of rows do not commit in their order. All of a window are
        looked at each time, and incidents tell the known ones from new ones by their labels. The window is as long as
        the evaluator was away, where that is longer.

        Args:
            seconds: Length of the rule's window.
        """
        usual = self.now - timedelta(seconds=max(seconds, SLACK_SECONDS))
        if self.since is None:
            return usual
        return min(usual, self.since - timedelta(seconds=SLACK_SECONDS))

    def minutes(self, seconds: int) -> tuple[int, int]:
        """Return the epoch minutes of a window, the last exclusive: the current one, and all that it reaches into."""
        now = self.now.timestamp()
        return int((now - seconds) // _MINUTE), int(now // _MINUTE) + 1

    def covered(self, seconds: int) -> float:
        """Return how many seconds the minutes of a window cover so far."""
        return self.now.timestamp() - self.minutes(seconds)[0] * _MINUTE

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, read once in a round of evaluation."""
        if key not in self.shared:
            self.shared[key] = read()
        found: T = self.shared[key]
        return found


def _anything(_params: Any, _filters: Filters) -> Iterator[tuple[str, str]]:
    return iter(())


@dataclass(frozen=True)
class Kind(Generic[P]):
    """A kind of rules.

    Attributes:
        name: What rules say they are.
        says: What it finds, in a sentence.
        params: Its parameters.
        read: Finds what is active, in a number of queries that does not grow with the data.
        summary: Template of the sentence people read, of rules that have none.
        filters: Which filters its data can be narrowed by; others are refused, not ignored.
        min_count: Fewest occurrences that are judged where a rule does not say it; None where it makes no difference.
        check: Yields what else is wrong with parameters and filters together, as pairs of field and text.
    """

    name: str
    says: str
    params: type[P]
    read: Callable[[P, Query], Result]
    summary: str
    filters: frozenset[str] = frozenset()
    min_count: int | None = None
    check: Callable[[P, Filters], Iterator[tuple[str, str]]] = _anything
