"""When bugs are filed: every ten seconds, and at once when a drain wants one; and when the error log is thinned."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from monitoring.conf import get_config

from . import nudging
from .decisions import project

_EXPIRES = 10
# A run ends before its lease on the tracker does, or the next one would enter beside it; whatever was not noted then
# is found by the next one.
_SOFT, _HARD = 160, 170
_LEASE = 40
"""For so many seconds nobody else files when a worker dies in the middle."""


@shared_task(
    name="tasks.errors.file_bugs",
    ignore_result=True,
    acks_late=False,
    expires=_EXPIRES,
    soft_time_limit=_SOFT,
    time_limit=_HARD,
)
def file_bugs() -> None:
    """Make the bugs that are wanted, and their files and issues; what fails is tried again by a later run."""
    from monitoring.errors.bugs.desk import desk
    from monitoring.errors.bugs.filing import file_due

    filed = None
    # Several at once would wait for each other at the same groups, and keep others from their work.
    with nudging.alone(file_bugs, _LEASE) as mine:
        if mine:
            filed = file_due(desk())
    if filed is not None and filed.opened:
        project.apply_async()
    if filed is not None and filed.more:
        nudging.nudge(file_bugs)


@shared_task(name="tasks.errors.thin", ignore_result=True, acks_late=False, expires=60, soft_time_limit=300)
def thin() -> None:
    """Give up payloads and rows of the error log that are beyond what is kept; a later run does the rest."""
    from monitoring.errors.log import thinning

    thinning.thin(get_config())


@shared_task(name="tasks.errors.end_ignoring", ignore_result=True, expires=60)
def end_ignoring() -> None:
    """Make groups unresolved that were to be ignored until a time that has come."""
    from monitoring.errors.groups.expiry import end_expired

    end_expired()


@shared_task(name="tasks.errors.create_bug_task", ignore_result=True, soft_time_limit=_SOFT, time_limit=_HARD)
def create_bug_task(fingerprint: str, error_data: dict[str, Any]) -> str:
    """Make the bug of a fingerprint, its file and its issue. A bug that there is already is not made again.

    Args:
        fingerprint: That of an error, or any other text by which this bug is known again.
        error_data: `title`, `description`, `severity` and `service`, as far as they are known. A bug of errors that
            were recorded has these from them.

    Returns:
        The bug's id.
    """
    from monitoring.errors.bugs.desk import desk
    from monitoring.errors.bugs.filing import file_one
    from monitoring.errors.bugs.reporting import report

    used = desk()
    bug = report(str(error_data.get("service") or get_config().service), fingerprint, error_data, used)
    file_one(bug, used)
    return bug.bug_id
