"""An error of a cause that was never seen before."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, groups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result
from monitoring.errors.groups.models import ErrorGroup


@dataclass(frozen=True)
class NewGroup(Params):
    """Which new groups."""

    severities: tuple[str, ...] = param(groups.SEVERITIES, "Severities of the errors; all unless given.", ())
    types: tuple[str, ...] = param(forms.patterns(), "Types of the errors, such as `ValueError` or `shop.*`.", ())
    window_seconds: int = param(forms.seconds(), "For so long a group is new; then the incident is over.", 3600)


def read(params: NewGroup, query: Query) -> Result:
    """Find the groups that were made in the window and about which nobody has decided."""
    condition = groups.where(query, params.severities, params.types, "first_release")
    rows = ErrorGroup.objects.filter(
        condition,
        created__gte=query.events_from(params.window_seconds),
        created__lte=query.now,
        status__in=groups.UNDECIDED,
    )
    return Result(list(groups.samples(rows, query)))


KIND = Kind(
    name="new_group",
    says="An error of a cause that was never seen before.",
    params=NewGroup,
    read=read,
    summary="New error: {title}",
    filters=groups.FILTERS,
)
