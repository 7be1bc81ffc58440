"""What is sent to people, and what a channel has to be able to do. Values alone: no models, no settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class MessageKind(StrEnum):
    """Why people are told something."""

    FIRING = "firing"
    MILESTONE = "milestone"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    ESCALATED = "escalated"
    DIGEST = "digest"
    TEST = "test"


class LinkKind(StrEnum):
    """What is behind a link of a message."""

    VIEW = "view"
    ACKNOWLEDGE = "acknowledge"
    SILENCE = "silence"
    RUNBOOK = "runbook"
    DETAILS = "details"


@dataclass(frozen=True)
class Link:
    """Where a reader can go from a message. One with an empty address is not shown.

    Attributes:
        kind: What is behind it.
        label: What stands on the button.
        url: An absolute address.
    """

    kind: LinkKind
    label: str
    url: str


@dataclass(frozen=True)
class IncidentView:
    """An incident as a message tells it. Texts may be of unknown origin and of any length: channels make them safe.

    Attributes:
        id: Of the incident.
        key: The incident's, the same from firing to resolved: messages about it belong together.
        rule: Name of the rule.
        severity: `critical`, `high`, `medium` or `low`.
        state: `pending`, `firing`, `acknowledged` or `resolved`.
        summary: What happened, in one sentence.
        since: When it began.
        fired: When it began to fire.
        resolved: When it was over.
        closed_because: Why it was closed though nobody saw it end; empty otherwise.
        last_active: When it was last seen.
        acknowledged_by: Who is on it; empty while nobody is.
        count: Occurrences so far; 0 when it is nothing that occurs.
        own: How many of them belong to this incident; 0 when that is unknown, or all do.
        first_seen: Since when `count` counts, where that is not since the incident began; None otherwise.
        value: What was measured; None when nothing was.
        affected: Whom it hits, such as `12 users`; empty when that is unknown.
        recovery: What was tried against it and how that went; empty when nothing was.
        advice: What to do; empty when nobody knows.
        service: Of which service.
        environment: In which environment.
        release: In which release.
        labels: By which it is told from others of its rule.
        facts: What else is known, as names and texts, the most telling first.
        error: The error behind it, as channels in code are told it: `error_type`, `endpoint`, `user_id`, …
        links: Where to read on, and what can be done to it.
    """

    id: int
    rule: str
    severity: str
    state: str
    summary: str
    since: datetime
    key: str = ""
    fired: datetime | None = None
    resolved: datetime | None = None
    closed_because: str = ""
    last_active: datetime | None = None
    acknowledged_by: str = ""
    count: int = 0
    own: int = 0
    first_seen: datetime | None = None
    value: float | None = None
    affected: str = ""
    recovery: str = ""
    advice: str = ""
    service: str = ""
    environment: str = ""
    release: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    error: Mapping[str, Any] = field(default_factory=dict)
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Message:
    """What is sent.

    Attributes:
        kind: Why.
        title: What it is about, in a few words, without the kind and the severity.
        severity: The worst of its incidents'.
        incidents: Which it tells of; several in a digest, none in a test.
        idempotency_key: The same with each attempt, so that a receiver can tell.
        at: When what it tells happened.
        sent: When it is sent; None for when it happened.
        reason: Why it is sent just now, such as `Nobody acknowledged it within 15 minutes.`; may be empty.
        omitted: Incidents that a digest counts and does not tell.
        links: Those that belong to no single incident.
    """

    kind: MessageKind
    title: str
    severity: str
    incidents: tuple[IncidentView, ...]
    idempotency_key: str
    at: datetime
    sent: datetime | None = None
    reason: str = ""
    omitted: int = 0
    links: tuple[Link, ...] = ()


class SendError(Exception):
    """A message was not taken, as far as anybody can tell.

    Args:
        message: What went wrong, for a person to read; without secrets.
    """


class TemporaryError(SendError):
    """The next attempt may do.

    Args:
        message: What went wrong.
        retry_after: Seconds for which the receiver wants to be left alone, if it said so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(SendError):
    """This message will never be taken there: the address, the credentials or the message are refused."""


class Channel(Protocol):
    """Something that sends messages to one place.

    Attributes:
        kind: Name of its kind.
    """

    kind: str

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            TemporaryError: It may be taken later.
            PermanentError: It never will.
        """
        ...


@dataclass(frozen=True)
class Destination:
    """One place that a message can go to.

    Attributes:
        key: By which `routing.destination` finds it again; stable, and without secrets.
        label: What people are shown, without secrets.
        kind: Name of the channel's kind.
        digest: Whether many messages at once may become one; not for programs, which want each.
        hourly_limit: Messages within an hour beyond which they become one; 0 for no limit.
    """

    key: str
    label: str
    kind: str
    digest: bool = True
    hourly_limit: int = 60


@dataclass(frozen=True)
class Field:
    """One setting of a kind of channel.

    Attributes:
        name: Its key.
        help: What it is.
        secret: It is never shown again once it is stored.
        required: A channel cannot be without it.
        many: A list of texts.
    """

    name: str
    help: str
    secret: bool = False
    required: bool = True
    many: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of channel.

    Attributes:
        name: By which rows refer to it.
        label: What people are shown.
        fields: Its settings.
        problems: Says, one line each and without secrets, what is wrong with the settings of a channel.
        make: Makes the channels that right settings stand for, by a part of the destination's key: mostly one, by "".
        digest: Whether its readers are people, for whom many messages at once may become one.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    problems: Callable[[Mapping[str, Any]], list[str]]
    make: Callable[[Mapping[str, Any]], Mapping[str, Channel]]
    digest: bool = True
