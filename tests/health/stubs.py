"""Checks for tests, listed by dotted path as a team would list its own."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from monitoring.component import Check, Outcome, Status


class Remote(Storage):
    """Keeps its files where no path leads."""

    files: ClassVar[dict[str, bytes]] = {}

    def _save(self, name: str, content: Any) -> str:
        self.files[name] = content.read()
        return name

    def _open(self, name: str, _mode: str = "rb") -> Any:
        return ContentFile(self.files[name])

    def exists(self, name: str) -> bool:
        return name in self.files

    def delete(self, name: str) -> None:
        del self.files[name]


GOOD = Outcome(Status.HEALTHY, "All is well", {"figure": 1})


@dataclass(frozen=True)
class Billing(Check):
    """Says what the test told it to, and counts."""

    id: str = "billing"
    component: str = "billing"
    interval: float = 1e-6

    public: ClassVar[tuple[str, ...]] = ("figure",)
    outcome: ClassVar[Outcome] = GOOD
    runs: ClassVar[int] = 0

    def run(self) -> Outcome:
        Billing.runs += 1
        return Billing.outcome


@dataclass(frozen=True)
class Inline(Billing):
    """The same, and asked in web processes too."""

    id: str = "inline"
    component: str = "inline"

    inline: ClassVar[bool] = True

    def run(self) -> Outcome:
        time.sleep(0.02)  # so that others come while it runs
        return super().run()


@dataclass(frozen=True)
class Hanging(Check):
    """Does not come back before `released` is set."""

    id: str = "hanging"
    component: str = "hanging"
    time_limit: float = 0.05
    interval: float = 1e-6
    released: threading.Event = field(default_factory=threading.Event, compare=False)

    inline: ClassVar[bool] = True

    def run(self) -> Outcome:
        self.released.wait(60)
        return GOOD


@dataclass(frozen=True)
class Raising(Check):
    """Raises an error whose text nobody but admins may see."""

    id: str = "raising"
    component: str = "raising"

    def run(self) -> Outcome:
        raise ConnectionError("no route to redis://user:secret@10.0.0.1/0 as admin")


@dataclass(frozen=True)
class Taken(Check):
    """Has the id of a check that ships."""

    id: str = "database"
    component: str = "other"

    def run(self) -> Outcome:
        return GOOD


@dataclass(frozen=True)
class Slow(Check):
    """Asks for more time than a check may have."""

    id: str = "slow"
    component: str = "slow"
    time_limit: float = 60.0

    def run(self) -> Outcome:
        return GOOD
