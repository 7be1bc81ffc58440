"""Making a bug of a group: its row and its id, in one transaction with the group's `bug_state`.

A group that is merged into another has that one's bug.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, When

from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.recording import scrub
from monitoring.storage import trail

from . import evidence, markdown, numbering
from .desk import Desk
from .models import BugSeverity, BugStatus, KnownBug
from .wanting import CANDIDATE, FILED, WANTED

_MAX_DESCRIPTION = 20_000


def open_for(group_id: int, desk: Desk) -> KnownBug | None:
    """Make the bug of a group that wants one.

    Returns:
        The bug; None when the group, its root or a member of that has one already, or it wants none any more.
    """
    groups = ErrorGroup.objects.using(desk.alias)
    with transaction.atomic(using=desk.alias):
        root_id = groups.filter(pk=group_id).values_list("merged_into_id", flat=True).first() or group_id
        # In the order in which drains lock them, which count occurrences meanwhile.
        family = list(groups.filter(Q(pk=root_id) | Q(merged_into=root_id)).order_by("pk").select_for_update())
        by_id = {group.pk: group for group in family}
        if group_id not in by_id or root_id not in by_id or by_id[group_id].bug_state != WANTED:
            return None
        desk.step("file the group")
        # Members have no bug of their own; taken out of the merge, they may want one again.
        groups.filter(pk__in=by_id, bug_state=WANTED).update(bug_state=CANDIDATE)
        groups.filter(pk=root_id).update(bug_state=FILED)
        if KnownBug.all_objects.using(desk.alias).filter(group_id__in=by_id).exists():
            return None
        prints = GroupFingerprint.objects.using(desk.alias).filter(group=root_id).order_by("pk")
        own = list(prints.values_list("fingerprint", flat=True))
        bug = _reunited(by_id[root_id], own, desk) or _new(by_id[root_id], own, family, desk)
        desk.step("commit the bug")
    return bug


def open_reported(service: str, fingerprint: str, data: Mapping[str, Any], desk: Desk) -> KnownBug:
    """Make a bug that was reported without a group; the same report again finds it, and opens it if it was resolved.

    Args:
        service: Of which service.
        fingerprint: By which it is known again.
        data: `title`, `description` and `severity`, as far as they are known.
        desk: What it is made with.
    """
    with transaction.atomic(using=desk.alias):
        number = numbering.take(desk.alias)
        known = KnownBug.all_objects.using(desk.alias).filter(service=service, fingerprint=fingerprint).first()
        if known is None:
            bug = KnownBug(
                service=service,
                fingerprint=fingerprint,
                title=markdown.line(scrub.text(str(data.get("title", ""))), 200) or fingerprint,
                description=scrub.text(str(data.get("description", "")), _MAX_DESCRIPTION),
                severity=_severity(str(data.get("severity", ""))),
            )
            return _inserted(bug, number, desk)
        transaction.set_rollback(True, using=desk.alias)  # the number is given back
    return known if known.status == BugStatus.OPEN else _back(known, {}, desk)


def want(group_ids: Collection[int], desk: Desk, *, told: bool = False) -> int:
    """Ask for the bugs of groups, whatever their counts; a deleted bug is taken back.

    Args:
        group_ids: Groups; the bug of a merged one is that of its root.
        desk: What bugs are made with.
        told: Whether a person asks, of which the journal is told.

    Returns:
        How many bugs there will be that there were not.
    """
    groups, bugs, now = ErrorGroup.objects.using(desk.alias), KnownBug.all_objects.using(desk.alias), desk.now()
    with transaction.atomic(using=desk.alias):
        asked = groups.filter(pk__in=group_ids)
        roots = {root or pk for pk, root in asked.values_list("pk", "merged_into_id")}
        back = bugs.filter(group_id__in=roots).exclude(deleted_at=None).update(deleted_at=None, modified=now)
        known = bugs.filter(Q(group_id__in=roots) | Q(group__merged_into__in=roots))
        with_bugs = {root or pk for pk, root in known.values_list("group_id", "group__merged_into_id")}
        wanted = sorted(groups.filter(pk__in=roots - with_bugs).values_list("pk", flat=True))
        list(groups.filter(pk__in=wanted).order_by("pk").select_for_update().values_list("pk"))
        asked_for = back + groups.filter(pk__in=wanted).exclude(bug_state=WANTED).update(bug_state=WANTED)
        if told and asked_for:
            details = {"groups": sorted(roots)[:50], "number": asked_for}
            trail.tell(trail.Deed("bug.create", "error_group", "", details=details), desk.alias)
        return asked_for


def _reunited(group: ErrorGroup, own: Sequence[str], desk: Desk) -> KnownBug | None:
    """Return the bug of a former group with one of its fingerprints, which is this group's from now on."""
    bugs = KnownBug.all_objects.using(desk.alias)
    bug = bugs.filter(group=None, service=group.service, fingerprint__in=own).order_by("number").first()
    if bug is None:
        return None
    counted = {"occurrence_count": F("occurrence_count") + group.count, "last_occurrence": group.last_seen}
    return _back(bug, {"group": group, **counted}, desk)


def _back(bug: KnownBug, values: Mapping[str, Any], desk: Desk) -> KnownBug:
    """Write what is new about a bug; one that was resolved has come back."""
    row = KnownBug.all_objects.using(desk.alias).filter(pk=bug.pk)
    row.update(**values, modified=desk.now())
    back = row.filter(status=BugStatus.RESOLVED)
    told = Case(When(issue_key="", then=F("issue_due")), default=desk.now())
    back.update(status=BugStatus.OPEN, resolved_at=None, regressions=F("regressions") + 1, issue_due=told)
    return row.get()


def _new(group: ErrorGroup, own: Sequence[str], family: Sequence[ErrorGroup], desk: Desk) -> KnownBug:
    number = numbering.take(desk.alias)
    # A fingerprint that has moved here since its former group got a bug stays that bug's.
    taken = KnownBug.all_objects.using(desk.alias).filter(service=group.service, fingerprint__in=own)
    taken_prints = set(taken.values_list("fingerprint", flat=True))
    bug = KnownBug(
        group=group,
        service=group.service,
        fingerprint=next((text for text in own if text not in taken_prints), f"group-{group.pk}"),
        title=markdown.line(group.title, 200) or group.error_type or "Error",
        description=_description(family, desk),
        severity=_severity(group.severity),
        occurrence_count=sum(member.count for member in family),
        last_occurrence=max(member.last_seen for member in family),
    )
    return _inserted(bug, number, desk)


def _inserted(bug: KnownBug, number: int, desk: Desk) -> KnownBug:
    now = desk.now()
    bug.number, bug.bug_id, bug.created = number, numbering.bug_id(number), now
    bug.file_due, bug.issue_due = now, now if desk.tracker is not None else None
    desk.step("insert the bug")
    bug.save(using=desk.alias, force_insert=True)
    return bug


def _description(family: Sequence[ErrorGroup], desk: Desk) -> str:
    """Return what is known of a group's errors that were kept whole, by the newest that tells."""
    error = evidence.telling(evidence.newest([group.pk for group in family], desk.alias))
    return evidence.said(error)[-_MAX_DESCRIPTION:] if error is not None else ""


def _severity(severity: str) -> str:
    return severity.lower() if severity.lower() in BugSeverity.values else BugSeverity.MEDIUM.value
