"""Filing bugs: the bug, its file, its issue. What is to be done is found in the database; whoever comes next goes on.

Each step is written down when it is done, and looks first whether it was done and not written down: a run that ends
anywhere leaves nothing that the next one would do twice. A lease keeps runs from being at the same bug.
"""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, DataError, IntegrityError
from django.db.models import F, Q

from monitoring.errors.groups.models import ErrorGroup
from monitoring.recording import scrub

from . import budget, facts, texts
from .desk import Desk
from .files import Shelf
from .gate import LEASE, Gate, delay
from .models import BugStatus, KnownBug, KnownBugQuerySet
from .opening import open_for
from .trackers.base import Draft, Issue, RejectedError, TrackerError
from .wanting import WANTED

_OPENED, _FILES, _ISSUES = 200, 200, 20
_SECONDS = 30.0
_FIRST_FILE, _MOST_FILE = 30.0, 1_800.0
_REJECTED = timedelta(hours=1)
_ALL = Q()
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filed:
    """What a run has done.

    Attributes:
        opened: How many groups have their bugs now.
        more: Whether there is more that could be done at once.
    """

    opened: int
    more: bool


def file_due(desk: Desk) -> Filed:
    """Do what is to be done for bugs, as much as fits into one run."""
    opened = _open(desk)
    written = _write_files(desk)
    _tell_tracker(desk)
    return Filed(opened, opened == _OPENED or written == _FILES)


def file_one(bug: KnownBug, desk: Desk) -> None:
    """Write a bug's file and tell the tracker, as far as that is due and nobody is at it."""
    _write_files(desk, Q(pk=bug.pk))
    _tell_tracker(desk, Q(pk=bug.pk))


def _open(desk: Desk) -> int:
    wanted = ErrorGroup.objects.using(desk.alias).filter(bug_state=WANTED).order_by("pk")
    found = list(wanted.values_list("pk", flat=True)[:_OPENED])
    for group_id in found:
        try:
            open_for(group_id, desk)
        except (DataError, IntegrityError):  # that one stays wanted, the others go on
            _logger.exception("No bug could be made of the error group %d", group_id)
    return len(found)


def _write_files(desk: Desk, among: Q = _ALL) -> int:
    due = _free(desk).filter(among, file_due__lte=desk.now()).order_by("file_due", "number")
    shelf = Shelf(desk.tracking.planning_dir)
    found = list(due.values_list("pk", flat=True)[:_FILES])
    for pk in found:
        with _claimed(pk, desk) as bug:
            if bug is not None and bug.file_due is not None:
                _write_file(bug, shelf, desk)
    return len(found)


def _write_file(bug: KnownBug, shelf: Shelf, desk: Desk) -> None:
    data = facts.of_bug(bug, desk)
    try:
        desk.step("find the file")
        path = shelf.find(data["file_marker"])
        if path is None:
            desk.step("write the file")
            path = shelf.shown(shelf.write(bug.bug_id, bug.title, texts.file_text(bug.bug_id, data)))
    except OSError as error:
        wait = delay(bug.attempts + 1, _FIRST_FILE, _MOST_FILE)
        problem = f"The file cannot be written into {desk.tracking.planning_dir}: {_why(error)}."
        _logger.warning("%s waits for its file: %s", bug.bug_id, problem)
        _note(bug, desk, attempts=F("attempts") + 1, file_due=desk.now() + wait, file_problem=problem[:500])
        return
    desk.step("note the file")
    _note(bug, desk, attempts=0, file_due=None, file_path=path, file_problem="")


def _tell_tracker(desk: Desk, among: Q = _ALL) -> None:
    if desk.tracker is None:
        _free(desk).filter(among, issue_due__isnull=False).update(issue_due=None, issue_problem="")
        return
    due = _free(desk).filter(among, issue_due__lte=desk.now()).order_by("issue_due", "number")
    if not due.exists():
        return
    gate = Gate(desk.tracker, desk.alias, desk.now)
    if not gate.enter():
        return
    try:
        chosen = list(due.exclude(issue_key="").values_list("pk", flat=True)[:_ISSUES])
        left = budget.room(desk.config.issues_per_hour, desk.alias, desk.now())
        chosen += budget.choose(due.filter(issue_key=""), left, _ISSUES)
        ends = time.monotonic() + _SECONDS
        for pk in chosen:
            if time.monotonic() > ends or not gate.keep() or not _told(pk, gate, desk):
                return
    finally:
        gate.leave()


def _told(pk: int, gate: Gate, desk: Desk) -> bool:
    """Tell the tracker of a bug; return whether it can be told of the next one."""
    with _claimed(pk, desk) as bug:
        if bug is None or bug.issue_due is None:
            return True
        try:
            _comment(bug, desk) if bug.issue_key else _open_issue(bug, gate, desk)
            gate.passed()
        except RejectedError as error:
            _postpone(bug, str(error), desk)
        except TrackerError as error:
            _note(bug, desk, attempts=F("attempts") + 1, issue_problem=scrub.text(str(error), 500))
            gate.failed(error)
            return False
        except (DatabaseError, SoftTimeLimitExceeded):  # the latter is about this run, and no trouble of the bug's
            raise
        except Exception as error:  # a mistake in here must not keep the bugs behind this one waiting
            _logger.exception("No issue could be opened for %s", bug.bug_id)
            _postpone(bug, f"It failed with {type(error).__name__}.", desk)
    return True


def _postpone(bug: KnownBug, problem: str, desk: Desk) -> None:
    _logger.warning("%s waits for its issue: %s", bug.bug_id, problem)
    later = desk.now() + _REJECTED
    _note(bug, desk, attempts=F("attempts") + 1, issue_due=later, issue_problem=scrub.text(problem, 500))


def _open_issue(bug: KnownBug, gate: Gate, desk: Desk) -> None:
    assert desk.tracker is not None  # noqa: S101  # only then there is a gate
    data = facts.of_bug(bug, desk)
    draft = Draft(
        title=texts.issue_title(bug.bug_id, data),
        body=texts.body(data),
        labels=("bug", bug.severity),
        marker=data["marker"],
        since=bug.issue_tried,
    )
    desk.step("announce the issue")
    if bug.issue_tried is None:
        _rows(bug, desk).update(issue_tried=desk.now())
    desk.step("find the issue")
    issue = desk.tracker.find(draft)
    if issue is None:
        if not gate.keep():  # it took so long that somebody else is at it
            return
        desk.step("open the issue")
        issue = desk.tracker.create(draft)
    desk.step("note the issue")
    _note_issue(bug, issue, desk)


def _note_issue(bug: KnownBug, issue: Issue, desk: Desk) -> None:
    assert desk.tracker is not None  # noqa: S101
    # A regression of a bug that had no issue yet is told by the issue itself.
    _note(
        bug,
        desk,
        attempts=0,
        issue_due=None,
        issue_problem="",
        issue_key=issue.key,
        issue_opened=desk.now(),
        tracker=desk.tracker.name,
        github_issue_number=issue.number,
        github_issue_url=issue.url,
        regressions_told=F("regressions"),
    )


def _comment(bug: KnownBug, desk: Desk) -> None:
    """Say in a bug's issue that it came back, once for each time it was resolved and did."""
    assert desk.tracker is not None  # noqa: S101
    if bug.regressions > bug.regressions_told and bug.status == BugStatus.OPEN:
        desk.step("reopen the issue")
        desk.tracker.reopen(bug.issue_key)
        desk.step("comment on the issue")
        told = facts.of_return(bug, desk)
        desk.tracker.comment(bug.issue_key, texts.regression(told), told["marker"])
    desk.step("note the comment")
    _note(bug, desk, attempts=0, issue_problem="", regressions_told=bug.regressions)
    # Should it have come back once more meanwhile, that is still to be told.
    _rows(bug, desk).filter(regressions=bug.regressions).update(issue_due=None)


@contextmanager
def _claimed(pk: int, desk: Desk) -> Iterator[KnownBug | None]:
    """Take a bug for the length of a block; None where somebody else is at it."""
    row, until = KnownBug.all_objects.using(desk.alias).filter(pk=pk), desk.now() + LEASE
    if not _free(desk).filter(pk=pk).update(lease_until=until):
        yield None
        return
    try:
        yield row.select_related("group__merged_into").get()
    finally:
        row.filter(lease_until=until).update(lease_until=None)


def _free(desk: Desk) -> KnownBugQuerySet:
    return KnownBug.all_objects.using(desk.alias).free(desk.now())


def _rows(bug: KnownBug, desk: Desk) -> KnownBugQuerySet:
    return KnownBug.all_objects.using(desk.alias).filter(pk=bug.pk)


def _note(bug: KnownBug, desk: Desk, **values: object) -> None:
    _rows(bug, desk).update(modified=desk.now(), **values)


def _why(error: OSError) -> str:
    name = errno.errorcode.get(error.errno or 0, type(error).__name__)
    return f"{os.strerror(error.errno)} ({name})" if error.errno else name
