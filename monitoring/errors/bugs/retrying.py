"""Trying again at once what waits for bugs: somebody has repaired what was in the way."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import F, Q

from monitoring.storage import trail

from . import gate
from .desk import Desk
from .models import KnownBug

_TOLD = 50
"""Bugs that an entry of the journal names."""


def retry(bug_ids: Collection[str], desk: Desk) -> int:
    """Have the files, issues and comments that bugs lack made with the next run.

    Args:
        bug_ids: Ids of the bugs.
        desk: What they are made with; without a tracker only files are.

    Returns:
        How many bugs lacked something.
    """
    with transaction.atomic(using=desk.alias):
        lacking = _retried(bug_ids, desk)
        if lacking:
            said = {"bugs": sorted(bug_ids)[:_TOLD], "number": lacking}
            target = next(iter(bug_ids)) if len(bug_ids) == 1 else ""
            trail.tell(trail.Deed("bug.file", "bug", target, details=said), desk.alias)
    return lacking


def _retried(bug_ids: Collection[str], desk: Desk) -> int:
    now = desk.now()
    bugs = KnownBug.all_objects.using(desk.alias).filter(bug_id__in=bug_ids, deleted_at=None)
    lacking = set(bugs.filter(file_path="").values_list("pk", flat=True))
    bugs.filter(pk__in=lacking).update(file_due=now, attempts=0, modified=now)
    if desk.tracker is not None:
        untold = bugs.filter(Q(issue_key="") | Q(regressions__gt=F("regressions_told")))
        untold_ids = set(untold.values_list("pk", flat=True))
        bugs.filter(pk__in=untold_ids).update(issue_due=now, attempts=0, modified=now)
        lacking |= untold_ids
        if untold_ids:
            gate.open_again(desk.alias)
    return len(lacking)
