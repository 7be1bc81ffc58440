"""A component of the platform that is not well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitoring.alerts.rules import forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.component import Status
from monitoring.health.models import ComponentState

FORGOTTEN_SECONDS = 600
"""A component that nobody has looked at for so long says nothing any more: its check was removed, or all are dead."""


@dataclass(frozen=True)
class Health(Params):
    """Which components, and how bad they are."""

    status: str = param(
        forms.choice("unhealthy", "degraded"), "From this status on; unhealthy is the worst.", "unhealthy"
    )
    components: tuple[str, ...] = param(forms.patterns(), "Names of components; all unless given.", ())
    except_components: tuple[str, ...] = param(forms.patterns(), "Names of components that are left out.", ())
    lasting_seconds: int = param(forms.whole(0, forms.DAY), "For how long it has to be so bad already.", 0)


def read(params: Health, query: Query) -> Result:
    """Find the components that are as bad for as long."""
    bad = [one.value for one in Status if one.badness >= Status(params.status).badness]
    known = ComponentState.objects.filter(
        patterns.where("component", params.components), checked__gte=query.now - timedelta(seconds=FORGOTTEN_SECONDS)
    )
    if params.except_components:
        known = known.exclude(patterns.where("component", params.except_components))
    rows = list(known.values_list("component", "status", "since", "message").order_by("component"))
    samples = []
    for component, status, since, message in rows:
        lasting = (query.now - since).total_seconds()
        if status in bad and lasting >= params.lasting_seconds:
            evidence = {"status": status, "message": message, "since": since.isoformat()}
            samples.append(Sample({"component": component}, max(0.0, lasting), evidence=evidence))
    return Result(samples, missing=not rows)


KIND = Kind(
    name="health",
    says="A component of the platform that is not well.",
    params=Health,
    read=read,
    summary="{component} is {status}: {message}",
)
