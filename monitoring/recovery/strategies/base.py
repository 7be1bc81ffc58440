"""What every strategy is made of: a look that may refuse, the deed, a look whether it took effect, and the way back.

A strategy holds nothing: whatever it knows comes with the order and the site. It never waits for the signal to clear;
that is verification's, and belongs to all strategies alike.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from monitoring.conf import Config
from monitoring.jobs.actions.remote import Remote
from monitoring.stream.connection import Client
from monitoring.stream.heartbeats import Heartbeat


class Reach(StrEnum):
    """How far a strategy reaches, from which follows whether it acts by itself unless somebody says so."""

    HARMLESS = "harmless"
    """It changes only what code has offered for it, within bounds that the code gave."""
    CONTAINED = "contained"
    """It changes one resource or one client's treatment."""
    WIDE = "wide"
    """It changes processes, or capacity that costs money."""


class RefusedError(Exception):
    """A strategy cannot act here; nothing was changed. Its text says why, for people."""


class InForceError(RefusedError):
    """What a strategy would do is so already. Where an action made it so, the recovery tells that it is in effect."""

    def __init__(self, says: str, target: str) -> None:
        super().__init__(says)
        self.target = target


@dataclass(frozen=True)
class Case:
    """What is to be recovered, as far as it is known.

    Attributes:
        recovery_id: The recovery's.
        error_id: The error that asked for it.
        group_id: Primary key of the error's group; None where it has none.
        error_type: One of the documented names (`DatabaseError`, …) or the class name.
        exception_type: Qualified name of the exception's class; empty without one.
        kind: Member of `ErrorType`.
        name: What failed: method and route, a task, or a logger, as in performance rollups.
        route: Route of the request; empty outside of requests.
        status: HTTP status of the answer; 0 outside of requests.
        task_id: Of the task that failed; empty outside of tasks.
        queue: Through which that task came; empty where unknown.
        client: Address of the client; empty where unknown.
        authenticated: Whether a user is known.
        dependency: Name of the circuit, timeout or fallback inside of which it was raised; empty outside of them.
        facts: `ErrorLog.context`: what whoever reported the error added.
    """

    recovery_id: uuid.UUID
    error_id: uuid.UUID
    group_id: int | None
    service: str
    environment: str
    error_type: str
    exception_type: str
    kind: str
    severity: str
    message: str
    fingerprint: str
    name: str
    occurred: datetime
    route: str = ""
    status: int = 0
    task_id: str = ""
    queue: str = ""
    client: str = ""
    authenticated: bool = False
    dependency: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """What a strategy would do about a case.

    Attributes:
        target: What it changes, such as `timeout:database:default`: at most one action stands on a target at a time.
        parameters: The documented ones with their values here, as plain JSON.
        says: What it would do, in one sentence.
        seconds: For how long its effect lasts unless it is taken back sooner; None where it does not end by itself.
    """

    target: str
    parameters: Mapping[str, Any]
    says: str
    seconds: float | None = None


@dataclass(frozen=True)
class Order:
    """What is to be done. The id is the action's: an effect that bears it was made by it, whoever was killed since."""

    id: uuid.UUID
    case: Case
    plan: Plan
    now: datetime


@dataclass(frozen=True)
class Applied:
    """What was done.

    Attributes:
        says: It in one sentence, for people.
        undo: What the way back needs to know, as plain JSON; None where there is nothing to take back.
        facts: What was seen before and after, as plain JSON.
    """

    says: str
    undo: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """Whether an action took effect.

    Attributes:
        effect: True: its targets acknowledged it, or its effect was observed. False: it did not take effect.
            None: not known yet, look again.
    """

    effect: bool | None
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """Where strategies act.

    Attributes:
        alias: The write database.
        client: Connection to Redis for short commands.
        remote: Opens the connection to the broker and, through it, to the workers; close it after use.
        workers: Reads the last heartbeats of workers, by node.
        processes: Reads the last heartbeats of web processes and of all others that follow decisions.
        project: Makes what processes know of decisions what the database says; outside of transactions only.
    """

    config: Config
    alias: str
    client: Client
    remote: Callable[[], Remote]
    workers: Callable[[], Mapping[str, Heartbeat]]
    processes: Callable[[], list[Heartbeat]]
    project: Callable[[], object]


class Strategy(ABC):
    """A strategy.

    Attributes:
        name: As documented, such as `pool_increase`.
        label: As in the message of a recovery, such as `Pool Increase`.
        reach: How far it reaches.
        success_rate: The documented one, between 0 and 1: what is believed before anything was seen.
        defaults: The documented parameters.
        transactional: Whether `apply` and `undo` change only rows of the write database: then they run in the very
            transaction that says so. Else the intention is committed before, and `seen` tells after a crash.
        takes: Seconds within which it takes effect, or does not at all.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    reach: ClassVar[Reach]
    success_rate: ClassVar[float]
    defaults: ClassVar[Mapping[str, Any]]
    transactional: ClassVar[bool] = True
    takes: ClassVar[float] = 30.0

    @abstractmethod
    def plan(self, case: Case, site: Site) -> Plan:
        """Look, changing nothing, what could be done.

        Raises:
            InForceError: What it would do is so already.
            RefusedError: It cannot act here, and why.
        """

    @abstractmethod
    def apply(self, order: Order, site: Site) -> Applied:
        """Do it. With the same order again it does nothing more.

        Raises:
            RefusedError: It was refused, and nothing was changed.
        """

    @abstractmethod
    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
        """Look whether it took effect, without waiting.

        Args:
            order: What was to be done.
            applied: What `apply` returned; None where that is not known, as after a crash.
            site: Where.
        """

    @abstractmethod
    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Take it back; what is taken back already, or has changed since, is left as it is. Return what was done."""
