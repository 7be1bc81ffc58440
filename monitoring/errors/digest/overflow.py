"""New groups are bounded: what is beyond them is counted in one group of the service, and told.

Where texts that visitors send become part of a fingerprint, each of them would make a group, and with that a bug and
its file. Which hour counts is that in which an error occurred, so that what waited for long has the groups of its time.
Nothing is remembered of the fingerprints that are counted in there: in another hour they have groups of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from django.db.models import Count
from django.db.models.functions import TruncHour

from monitoring.classification import ErrorSeverity
from monitoring.conf import get_config
from monitoring.errors.bugs.wanting import NEVER
from monitoring.errors.groups.models import ErrorGroup
from monitoring.storage.folding import Scope

from .sightings import Sighting

FINGERPRINT = "overflow"
"""By which the group of a service is known that counts the rest."""
NOTE = "groups_folded"
"""Under what the errors are noted that it counts."""
_HOUR_SECONDS = 3_600
_HOUR_MILLISECONDS = _HOUR_SECONDS * 1_000
Key = tuple[str, str]
"""Service and fingerprint."""


def beyond(missing: Mapping[Key, Sighting], scope: Scope) -> set[Key]:
    """Return for which errors no groups are made any more, by one query.

    Drains of other shards that make groups at the same time are not seen: together they may make some more.

    Args:
        missing: Errors by what their new groups would be known by, those that come first first.
        scope: Whose connection has the transaction.
    """
    limit, made, found = get_config().groups_per_hour, _made(missing, scope), set[Key]()
    for key, one in missing.items():
        hour = (one.service, one.at // _HOUR_MILLISECONDS)
        if made[hour] < limit:
            made[hour] += 1
        else:
            found.add(key)
    return found


def _made(missing: Mapping[Key, Sighting], scope: Scope) -> Counter[tuple[str, int]]:
    """Return how many groups there are already, by service and hour since the epoch."""
    hours = {one.at // _HOUR_MILLISECONDS for one in missing.values()}
    groups = (
        ErrorGroup.objects.using(scope.connection.alias)
        .filter(
            service__in={one.service for one in missing.values()},
            first_seen__gte=_time(min(hours)),
            first_seen__lt=_time(max(hours) + 1),
        )
        .order_by()
        .values_list("service", TruncHour("first_seen", tzinfo=UTC))
        .annotate(groups=Count("pk"))
    )
    return Counter({(service, int(hour.timestamp()) // _HOUR_SECONDS): count for service, hour, count in groups})


def described() -> dict[str, str]:
    """Return the columns that describe the group that counts the rest."""
    return {
        "title": f"Errors beyond {get_config().groups_per_hour:,} new groups in an hour",
        "error_type": FINGERPRINT,
        "severity": ErrorSeverity.MEDIUM.value,
        "bug_state": NEVER,
    }


def _time(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * _HOUR_SECONDS, UTC)
