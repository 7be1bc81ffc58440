"""What new occurrences mean for what people decided about a group. Pure: it reads nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .models import EntryKind, ErrorGroup, GroupStatus

RESOLVED = frozenset({GroupStatus.RESOLVED, GroupStatus.RESOLVED_IN_RELEASE})
DECIDED = RESOLVED | {GroupStatus.IGNORED}
"""Statuses that occurrences can end."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a group after its occurrences were counted, with those of its members.

    Attributes:
        last_at: When the latest of the new occurrences was.
        releases: In which releases the new occurrences were; empty text where none was known.
        first_seen: When releases of the service were first seen; a release that never was is missing.
        count: Occurrences since ever.
        recent: Occurrences since it is ignored, and within the minutes of its rate.
    """

    last_at: datetime
    releases: frozenset[str] = frozenset()
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    count: int = 0
    recent: int = 0


def verdict(group: ErrorGroup, evidence: Evidence) -> EntryKind | None:
    """Return what ends the group's status (`REGRESSED` or `IGNORE_ENDED`), or None where it stays.

    Args:
        group: The group; only its columns are looked at.
        evidence: What is known of its occurrences.
    """
    if group.status in RESOLVED:
        return EntryKind.REGRESSED if _regressed(group, evidence) else None
    if group.status == GroupStatus.IGNORED and _worth_attention(group, evidence):
        return EntryKind.IGNORE_ENDED
    return None


def _regressed(group: ErrorGroup, evidence: Evidence) -> bool:
    """Whether an error came back: what occurred before it was resolved, and arrives late, is no return."""
    if group.resolved_at is None or evidence.last_at <= group.resolved_at:
        return False
    if group.status == GroupStatus.RESOLVED:
        return True
    fixed = group.resolved_release
    if fixed and fixed in evidence.releases:
        return True
    since = evidence.first_seen.get(fixed) if fixed else group.resolved_at
    if since is None:
        return False
    return any(evidence.first_seen.get(release, since) > since for release in evidence.releases if release)


def _worth_attention(group: ErrorGroup, evidence: Evidence) -> bool:
    """Whether one of the conditions under which the group is ignored came about."""
    if group.ignored_until is not None and evidence.last_at >= group.ignored_until:
        return True
    if group.ignored_count is not None and evidence.count >= group.ignored_count:
        return True
    return group.ignored_rate is not None and evidence.recent >= group.ignored_rate
