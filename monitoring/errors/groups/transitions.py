"""What becomes of groups when their errors go on: resolved ones regress, ignored ones come back.

It happens in the drain's transaction, after counts, hours, releases and rows of the log were written, in a number of
statements that does not grow with the batch. A status is changed only while it still is the one that was judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitoring.errors.bugs import lifecycle
from monitoring.errors.tally import totals
from monitoring.storage import bulk
from monitoring.storage.folding import Scope

from . import history
from .evidence import gather
from .models import EntryKind, ErrorGroup, GroupStatus
from .verdicts import DECIDED, Evidence, verdict

_MAX_RELEASES = 20


@dataclass(frozen=True)
class Touched:
    """A group of which a drain counted occurrences.

    Attributes:
        group_id: The group that they were counted with, its *home*, wherever that is merged into.
        is_new: Whether the drain made it: of a new group nothing was decided yet.
        last_at: When the latest of them was, in milliseconds since the epoch.
        releases: In which releases they were; empty text where none was known.
    """

    group_id: int
    is_new: bool
    last_at: int
    releases: frozenset[str]


def settle(touched: Sequence[Touched], scope: Scope) -> None:
    """Let resolved groups regress, and end what ignoring was to last until.

    Args:
        touched: The groups of a drain, each once. Their rows are locked, as their counts were just updated; so that
            none is merged meanwhile.
        scope: Whose connection has the transaction.
    """
    alias, now = scope.connection.alias, datetime.fromtimestamp(scope.now / 1000, UTC)
    seen = _by_root(touched, scope)
    if not seen:
        return
    groups = ErrorGroup.objects.using(alias).filter(pk__in=seen, status__in=DECIDED)
    judged = {group.pk: group for group in groups}
    if not judged:
        return
    evidence = gather(judged, seen, alias)
    verdicts = {pk: found for pk, group in judged.items() if (found := verdict(group, evidence[pk]))}
    if not verdicts:
        return
    unchanged = _lock(judged, verdicts, alias)
    end_ignoring([pk for pk in unchanged if verdicts[pk] == EntryKind.IGNORE_ENDED], now, alias)
    regressed = [pk for pk in unchanged if verdicts[pk] == EntryKind.REGRESSED]
    _regress(regressed, evidence, now, alias)
    totals.add(Counter((totals.REGRESSION, judged[pk].service, judged[pk].severity) for pk in regressed), scope)


def end_ignoring(group_ids: Sequence[int], now: datetime, alias: str) -> None:
    """Make ignored groups unresolved, and write it into their history.

    Args:
        group_ids: Groups that are ignored and locked.
        now: The current time.
        alias: The database, inside of the caller's transaction.
    """
    if not group_ids:
        return
    ErrorGroup.objects.using(alias).filter(pk__in=group_ids).update(
        status=GroupStatus.UNRESOLVED,
        status_at=now,
        ignored_until=None,
        ignored_count=None,
        ignored_rate=None,
        ignored_rate_minutes=None,
    )
    history.write([history.entry(pk, EntryKind.IGNORE_ENDED, now) for pk in group_ids], alias)


def _by_root(touched: Sequence[Touched], scope: Scope) -> dict[int, Evidence]:
    """Return what was seen of groups that something may be decided about: members count for their roots."""
    old = {one.group_id: one for one in touched if not one.is_new}
    rows = bulk.fetch(scope.connection, ErrorGroup, {"id": sorted(old)}, ["id", "merged_into_id", "status"])
    seen: dict[int, Evidence] = {}
    for pk, root, status in rows:
        if root is None and status not in DECIDED:
            continue
        one, before = old[pk], seen.get(root or pk)
        last_at = datetime.fromtimestamp(one.last_at / 1000, UTC)
        seen[root or pk] = Evidence(
            max(last_at, before.last_at) if before else last_at,
            one.releases | before.releases if before else one.releases,
        )
    return seen


def _lock(judged: Mapping[int, ErrorGroup], pks: Iterable[int], alias: str) -> list[int]:
    """Lock groups, in the order of their ids; return those about which nobody decided anew since they were judged."""
    rows = ErrorGroup.objects.using(alias).select_for_update().filter(pk__in=pks, merged_into=None).order_by("pk")
    now = rows.values_list("pk", "status", "status_at")
    return [pk for pk, status, since in now if (status, since) == (judged[pk].status, judged[pk].status_at)]


def _regress(group_ids: Sequence[int], evidence: Mapping[int, Evidence], now: datetime, alias: str) -> None:
    if not group_ids:
        return
    ErrorGroup.objects.using(alias).filter(pk__in=group_ids).update(status=GroupStatus.REGRESSED, status_at=now)
    entries = [
        history.entry(pk, EntryKind.REGRESSED, now, detail={"releases": _named(evidence[pk].releases)})
        for pk in group_ids
    ]
    history.write(entries, alias)
    lifecycle.group_regressed(group_ids, alias)


def _named(releases: Collection[str]) -> list[str]:
    return sorted(filter(None, releases))[:_MAX_RELEASES]
