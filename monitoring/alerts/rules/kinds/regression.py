"""An error that was resolved and occurs again."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, groups
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result
from monitoring.errors.groups.models import ErrorGroup, GroupStatus


@dataclass(frozen=True)
class Regression(Params):
    """Which regressions."""

    severities: tuple[str, ...] = param(groups.SEVERITIES, "Severities of the errors; all unless given.", ())
    types: tuple[str, ...] = param(forms.patterns(), "Types of the errors, such as `ValueError` or `shop.*`.", ())
    window_seconds: int = param(forms.seconds(), "For so long it is told of; then the incident is over.", 3600)


def read(params: Regression, query: Query) -> Result:
    """Find the groups that regressed in the window and about which nobody has decided since."""
    condition = groups.where(query, params.severities, params.types, "last_release")
    rows = ErrorGroup.objects.filter(
        condition, status=GroupStatus.REGRESSED, status_at__gte=query.events_from(params.window_seconds)
    )
    return Result(list(groups.samples(rows, query)))


KIND = Kind(
    name="regression",
    says="An error that was resolved and occurs again.",
    params=Regression,
    read=read,
    summary="Resolved, but it occurs again: {title}",
    filters=groups.FILTERS,
)
