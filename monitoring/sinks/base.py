"""What a sink is: somewhere records are sent to, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from .records import Record


@dataclass(frozen=True)
class Report:
    """What became of the first of the records that were given.

    Attributes:
        settled: Of so many it is known, and they need not be sent again.
        refused: So many of these the receiver will never take.
        problem: Why, without secrets.
    """

    settled: int = 0
    refused: int = 0
    problem: str = ""


class SendError(Exception):
    """Not all of the records could be sent.

    Args:
        problem: What went wrong, without secrets.
        report: What became of those before.
        retry_after: Seconds for which the receiver wants to be left alone, if it said so.
    """

    def __init__(self, problem: str, report: Report | None = None, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.report = report or Report()
        self.retry_after = retry_after


class AwayError(SendError):
    """The receiver is at fault, or the way there, or who we say we are: other records would fare no better."""


class DoubtfulError(SendError):
    """Nobody can tell whether the receiver is at fault or the records are."""


class RefusedError(SendError):
    """The receiver says that these records are at fault; fewer of them it may take."""


class OptionsError(Exception):
    """Options of a sink are not what they must be; says what they must be."""


class Sink(Protocol):
    """Somewhere records are sent to, with its options.

    Attributes:
        takes: The kinds of facts that it is sent.
        requires: The distribution package that it needs, and the extra of Enginel that brings it; empty for none.
    """

    takes: ClassVar[frozenset[str]]
    requires: ClassVar[str]

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Sink:
        """Read options.

        Raises:
            OptionsError: They are not what they must be.
        """

    @property
    def address(self) -> str:
        """Where it sends to, without what must stay secret."""

    def wants(self, record: Record) -> bool:
        """Whether a record of one of those kinds is sent."""

    def send(self, records: Sequence[Record], until: float) -> Report:
        """Send records, in their order.

        Args:
            records: At least one.
            until: By the monotonic clock; after it nothing more is begun, and the report tells of fewer than all.

        Raises:
            AwayError: The receiver is at fault.
            DoubtfulError: Nobody can tell who is.
            RefusedError: The receiver says that the records are.
        """
