"""What people do about findings."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import router, transaction

from monitoring.storage.trail import Deed, tell

from .kinds import State
from .models import MAX_WHO, SecurityFinding


def dismiss(pk: int, who: str, now: datetime, hours: float = 24.0) -> bool:
    """Close a finding as nothing to worry about; the same is not found anew for some time.

    Args:
        pk: Its primary key.
        who: Who decides it.
        now: The current time.
        hours: For how long the same is not found anew.

    Returns:
        Whether it was open or closed until then, and not dismissed by somebody else.
    """
    alias = router.db_for_write(SecurityFinding)
    with transaction.atomic(using=alias):
        rows = SecurityFinding.objects.using(alias).filter(pk=pk).exclude(state=State.DISMISSED)
        until = now + timedelta(hours=hours)
        changed = rows.update(
            state=State.DISMISSED, closed=now, dismissed_by=who[:MAX_WHO], dismissed_until=until, seen=now
        )
        if changed:
            said = {"until": until.isoformat()}
            tell(Deed("finding.dismiss", "security_finding", str(pk), actor=who, details=said), alias)
    return bool(changed)
