"""What an issue tracker has to be able to do, and how it says what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Issue:
    """An issue in a tracker.

    Attributes:
        key: What the tracker calls it: `17` in GitHub and GitLab, `ABC-17` in Jira.
        url: Where people read it.
    """

    key: str
    url: str

    @property
    def number(self) -> int | None:
        """The key, where it is a number."""
        return int(self.key) if self.key.isascii() and self.key.isdecimal() else None


@dataclass(frozen=True)
class Draft:
    """An issue that is to be opened.

    Attributes:
        title: In one line.
        body: In Markdown; it holds the marker.
        labels: They are made where they do not exist.
        marker: By which it is found again.
        since: When the tracker was first asked to open it; None when it never was.
    """

    title: str
    body: str
    labels: Sequence[str]
    marker: str
    since: datetime | None = None


class TrackerError(Exception):
    """A tracker did not do what it was asked for. Whether it did it all the same, nobody knows.

    Args:
        message: What went wrong, for a person to read; without secrets.
    """


class AwayError(TrackerError):
    """It does not answer, or not as it should: the next time may do."""


class LimitedError(TrackerError):
    """It wants to be left alone for a while.

    Args:
        message: What it said.
        seconds: For how long.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(TrackerError):
    """It answers, and does not want us: the token, the repository or its settings are wrong until somebody acts."""


class RejectedError(TrackerError):
    """It does not take this one issue or comment; others it may."""


class Tracker(Protocol):
    """An issue tracker. Each method raises `TrackerError`.

    Attributes:
        name: What it is called in the rows of bugs.
        setup: Which it is, where, and with which credentials, as one text that is never shown.
    """

    name: str
    setup: str

    def find(self, draft: Draft) -> Issue | None:
        """Return the issue with the draft's marker.

        When there may be one that nobody here knows of (`since`), what was opened since is looked through: a search
        index can lag behind.
        """
        ...

    def create(self, draft: Draft) -> Issue:
        """Open an issue."""
        ...

    def comment(self, key: str, text: str, marker: str) -> None:
        """Comment on an issue, unless it has a comment with this marker."""
        ...

    def reopen(self, key: str) -> None:
        """Open an issue again; one that is open stays so."""
        ...
