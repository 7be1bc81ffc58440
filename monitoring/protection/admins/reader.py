"""Who is not to be locked out, because they could lift a block."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import router

from monitoring.address import Address, parse
from monitoring.conf import get_config

from .models import ActingAdmin


def acting_admins(now: datetime) -> frozenset[Address]:
    """Return the addresses from which staff members acted within `ACTING_ADMIN_SECONDS`.

    Args:
        now: The end of that time.
    """
    since = now - timedelta(seconds=get_config().acting_admin_seconds)
    rows = ActingAdmin.objects.using(router.db_for_write(ActingAdmin)).filter(at__gte=since)
    found = (parse(text) for text in rows.values_list("address", flat=True))
    return frozenset(address for address in found if address is not None)
