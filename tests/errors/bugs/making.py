"""Groups that want bugs, and runs that file them, also later ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.errors.bugs.desk import Desk, desk, no_step
from monitoring.errors.bugs.filing import file_due
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups.models import ErrorGroup
from tests.errors.groups.making import group

HOUR = timedelta(hours=1)


def wanted(title: str = "ValueError: no", **values: Any) -> ErrorGroup:
    """A group that is to become a bug."""
    return group(title, bug_state="wanted", **values)


def at_desk(later: timedelta = timedelta(0), step: Callable[[str], None] = no_step) -> Desk:
    """What bugs are filed with, so much later than now."""
    return dataclasses.replace(desk(), step=step, now=lambda: datetime.now(UTC) + later)


def run(later: timedelta = timedelta(0), step: Callable[[str], None] = no_step) -> bool:
    """File what is due, so much later than now; return whether there is more."""
    return file_due(at_desk(later, step)).more


def bug(number: int = 1) -> KnownBug:
    return KnownBug.all_objects.get(number=number)
