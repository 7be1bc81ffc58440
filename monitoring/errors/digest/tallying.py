"""Add what a drain brought to the counts of minutes and to the totals since ever: its errors, and groups they made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.tally import minutes, totals
from monitoring.storage.folding import Scope

from . import judging
from .sightings import Sighting


def add(seen: Mapping[ErrorGroup, Sequence[Sighting]], new: Collection[int], scope: Scope) -> None:
    """Count errors by service and severity, each once, and the groups that are new.

    Args:
        seen: Errors by their groups.
        new: Groups that this drain made.
        scope: Whose transaction it is.
    """
    grown, by_minute = Counter[totals.Key](), Counter[minutes.Key]()
    for group, sightings in seen.items():
        grown[totals.GROUP, group.service, group.severity] += group.pk in new
        for one in sightings:
            severity = _severity(one, group)
            grown[totals.ERROR, one.service, severity] += 1
            about = (severity, one.name, one.environment or group.environment, one.release)
            by_minute[minutes.Key(minutes.minute_of(one.at), group.pk, *about)] += 1
    totals.add(+grown, scope)
    minutes.add(by_minute, scope)


def _severity(one: Sighting, group: ErrorGroup) -> str:
    """Return how bad an error is; of a repetition, of which that does not travel, what its group is."""
    return group.severity if one.values is None else judging.severity(one, judging.classification(one))
