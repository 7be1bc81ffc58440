"""The audit trail and the counters: written in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models import F

from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry, RecoveryTotal
from monitoring.recovery.states import Event
from monitoring.storage import trail as journal

Key = tuple[str, str, str]
_DEEDS: dict[str, tuple[str, str]] = {
    Event.EXECUTED: ("act", "success"),
    Event.FAILED: ("act", "failure"),
    Event.ROLLED_BACK: ("undo", "success"),
    Event.ROLL_BACK_FAILED: ("undo", "failure"),
}
"""What is done to the service, and so kept in the journal: verb and outcome."""


def entry(
    event: Event, recovery: Recovery, now: datetime, says: str, action: RecoveryAction | None = None, who: str = ""
) -> RecoveryEntry:
    """Return an entry of the trail, to be written.

    Args:
        event: What happened.
        recovery: To which recovery.
        now: When.
        says: It in words.
        action: To which action, where it is about one.
        who: Who did it; empty for Enginel itself.
    """
    return RecoveryEntry(
        at=now,
        event=event,
        recovery_id=recovery.pk,
        action_id=action.pk if action else None,
        strategy=action.strategy if action else "",
        target=action.target if action else "",
        who=who,
        says=says,
    )


def write(entries: list[RecoveryEntry], alias: str, counts: Mapping[Key, int] | None = None) -> None:
    """Write entries, and count what happened, inside of the caller's transaction.

    Args:
        entries: What happened.
        alias: The write database.
        counts: How much is to be added to which counter.
    """
    if entries:
        RecoveryEntry.objects.using(alias).bulk_create(entries)
        for one in entries:
            if one.event in _DEEDS:
                journal.tell(_deed(one), alias)
    rows = RecoveryTotal.objects.using(alias)
    for (what, label, value), number in sorted((counts or {}).items()):
        mine = rows.filter(what=what, label=label, value=value)
        if not mine.update(count=F("count") + number):
            rows.bulk_create([RecoveryTotal(what=what, label=label, value=value)], ignore_conflicts=True)
            mine.update(count=F("count") + number)


def _deed(entry: RecoveryEntry) -> journal.Deed:
    """Return what the journal is told of an action: by whom it was wanted, or by Enginel itself."""
    verb, outcome = _DEEDS[entry.event]
    said = {"strategy": entry.strategy, "of": entry.target, "recovery": entry.recovery_id, "says": entry.says}
    target = str(entry.action_id or "")
    return journal.Deed(
        f"recovery.{verb}", "recovery_action", target, actor=entry.who or "Enginel", outcome=outcome, details=said
    )


def analysed(row: Recovery, now: datetime) -> dict[Key, int]:
    """Return what is counted of how long it took to decide about a recovery, where that is decided for the first time.

    Args:
        row: The recovery.
        now: The time.
    """
    return {} if row.decided_at is not None else waited(row, now, "analysed")


def waited(row: Recovery, now: datetime, what: str) -> dict[Key, int]:
    """Return what is counted of how long it took since a recovery was asked for.

    Args:
        row: The recovery.
        now: The time.
        what: What happened by now: `analysed` or `executed`.
    """
    milliseconds = max(0, round((now - row.requested_at).total_seconds() * 1000))
    return {("latency", what, "count"): 1, ("latency", what, "milliseconds"): milliseconds}
