"""Which errors are known bugs, for every process to know: an error page names the bug without a query."""

from __future__ import annotations

from django.db import router
from django.db.models import Q

from monitoring.errors.groups.models import GroupFingerprint

from .models import BugStatus, KnownBug

MOST = 100_000
"""Open bugs that are told, the newest."""
_CHUNK = 5_000


def active() -> dict[str, str]:
    """Return the ids of open bugs by `service:fingerprint`, for all fingerprints of their groups and merged members."""
    alias = router.db_for_write(KnownBug)
    bugs = KnownBug.objects.using(alias).filter(status=BugStatus.OPEN).order_by("-number")[:MOST]
    found: dict[str, str] = {}
    by_group: dict[int, str] = {}
    for bug_id, service, fingerprint, group in bugs.values_list("bug_id", "service", "fingerprint", "group_id"):
        found[f"{service}:{fingerprint}"] = bug_id
        if group is not None:
            by_group[group] = bug_id
    groups = list(by_group)
    for begin in range(0, len(groups), _CHUNK):
        chunk = groups[begin : begin + _CHUNK]
        rows = GroupFingerprint.objects.using(alias).filter(Q(group_id__in=chunk) | Q(group__merged_into_id__in=chunk))
        columns = ("service", "fingerprint", "group_id", "group__merged_into_id")
        for service, fingerprint, home, root in rows.values_list(*columns):
            found[f"{service}:{fingerprint}"] = by_group.get(root) or by_group[home]
    return found
