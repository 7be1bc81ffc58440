"""The kill switch: with it off nobody does anything any more, by itself or approved, from the very next action on.

Whoever acts locks the switch's row in the transaction in which an action begins. So no action begins after `turn` has
returned, and those who act do so one after another, which is what makes limits on their number exact. What acts in a
monitored process, functions in code and retries in their caller, is stopped as soon as the process is told.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router, transaction

from monitoring.protection.telling import tell
from monitoring.storage import trail
from monitoring.stream.decisions import Entry

from .in_code.switched import KEY, OFF
from .models import RecoveryEntry, RecoverySwitch
from .states import Event

_ONLY = 1


def is_off(alias: str | None = None) -> bool:
    """Return whether recovery is switched off.

    Args:
        alias: The database; that for writing by default.
    """
    return read(alias).off


def read(alias: str | None = None) -> RecoverySwitch:
    """Return the switch with who turned it last, and why; one that nobody ever turned is on.

    Args:
        alias: The database; that for writing by default.
    """
    rows = RecoverySwitch.objects.using(alias or router.db_for_write(RecoverySwitch))
    return rows.filter(pk=_ONLY).first() or RecoverySwitch(pk=_ONLY, at=datetime.now(UTC))


def entries() -> dict[str, Entry]:
    """Return the switch for every process to know, while it is off."""
    return {KEY: Entry(OFF)} if is_off() else {}


def hold(alias: str) -> RecoverySwitch:
    """Return the switch, locked until the caller's transaction ends.

    Args:
        alias: The write database.
    """
    rows = RecoverySwitch.objects.using(alias)
    held = rows.select_for_update().filter(pk=_ONLY).first()
    if held is None:
        rows.bulk_create([RecoverySwitch(pk=_ONLY, at=datetime.now(UTC))], ignore_conflicts=True)
        held = rows.select_for_update().get(pk=_ONLY)
    return held


def turn(on: bool, who: str, reason: str = "") -> bool:
    """Turn recovery on or off; what was done before can be taken back either way.

    Args:
        on: Whether it is to be on.
        who: Who wants it.
        reason: Why, in their words.

    Returns:
        Whether that changed anything.
    """
    alias, now = router.db_for_write(RecoverySwitch), datetime.now(UTC)
    with transaction.atomic(using=alias, durable=True):
        held = hold(alias)
        if held.off == (not on):
            return False
        held.off, held.who, held.reason, held.at = not on, who[:200], reason[:500], now
        held.save(using=alias)
        event = Event.SWITCHED_ON if on else Event.SWITCHED_OFF
        RecoveryEntry.objects.using(alias).create(at=now, event=event, who=who[:200], says=reason[:500])
        deed = trail.Deed(
            f"recovery.{'switch_on' if on else 'switch_off'}", "recovery", "", actor=who, details={"reason": reason}
        )
        trail.tell(deed, alias)
        tell(alias)
    return True
