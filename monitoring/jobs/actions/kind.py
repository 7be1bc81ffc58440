"""What every kind of action is made of: parameters, a look before, the deed, and a look after."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from rest_framework import serializers

from monitoring.conf import Config
from monitoring.stream.heartbeats import Heartbeat

from .outcomes import Outcome, RefusedError, UnknownTargetError
from .remote import Remote

P = TypeVar("P")


@dataclass(frozen=True)
class Site:
    """Where an action takes place.

    Attributes:
        remote: The connection to the broker and, through it, to the workers.
        workers: The last heartbeat of every worker of the last day, by node.
        config: This installation's settings.
    """

    remote: Remote
    workers: Mapping[str, Heartbeat]
    config: Config

    @property
    def alive(self) -> list[str]:
        """Nodes of the workers that live."""
        return [node for node, worker in self.workers.items() if worker.alive]

    def worker(self, node: str) -> Heartbeat:
        """Return a worker that lives.

        Raises:
            UnknownTargetError: No worker of that name was seen within a day.
            RefusedError: It is down.
        """
        worker = self.workers.get(node)
        if worker is None:
            raise UnknownTargetError(f"No worker {node} was seen within a day.")
        if not worker.alive:
            raise RefusedError(f"{node} is down: its last heartbeat is {worker.age:.0f} s old.")
        return worker


@dataclass(frozen=True)
class Order(Generic[P]):
    """What is to be done.

    Attributes:
        id: The action's.
        target: Id of a task, name of a queue, or node of a worker.
        parameters: The kind's own.
        before: What the look before found.
    """

    id: uuid.UUID
    target: str
    parameters: P
    before: Mapping[str, Any]


class Kind(ABC, Generic[P]):
    """A kind of action. Its instance holds nothing; whatever it knows comes with the order and the site."""

    name: ClassVar[str]
    parameters: type[P]
    serializer: ClassVar[type[serializers.Serializer[Any]]]

    def capable(self, worker: Heartbeat) -> str | None:  # noqa: ARG002  # most kinds need nothing of a worker
        """Return why a worker cannot do it, by what it says of itself; None if it can."""
        return None

    def able(self, node: str, site: Site) -> Heartbeat:
        """Return a worker that lives and can do it.

        Raises:
            UnknownTargetError: No worker of that name was seen within a day.
            RefusedError: It is down, or cannot do it.
        """
        worker = site.worker(node)
        if reason := self.capable(worker):
            raise RefusedError(reason)
        return worker

    @abstractmethod
    def look(self, target: str, parameters: P, site: Site) -> dict[str, Any]:
        """Look before anything is done, changing nothing.

        Returns:
            What the look after needs to know, as plain JSON.

        Raises:
            UnknownTargetError: Nobody knows the target.
            RefusedError: It cannot be done.
        """

    @abstractmethod
    def perform(self, order: Order[P], site: Site) -> str:
        """Do it, once.

        Returns:
            What the worker or broker said to it.

        Raises:
            RefusedError: It was refused, and nothing changed.
            NoAnswerError: Whether it was done is unknown.
        """

    @abstractmethod
    def verify(self, order: Order[P], said: str, site: Site) -> Outcome:
        """Look again whether it was done.

        Args:
            order: What was to be done.
            said: What `perform` returned; an empty string where that is not known, as after a crash.
            site: Where.
        """
