"""A message that waits too long."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, queues
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample


@dataclass(frozen=True)
class QueueAge(Params):
    """How long messages may wait."""

    threshold_seconds: float = param(forms.number(above=0), "Age of the oldest message that is worth an alert.")


def read(params: QueueAge, query: Query) -> Result:
    """Find the queues whose oldest message is as old."""
    states = queues.states(query)
    samples = [
        Sample({"queue": one.name}, one.oldest_age, one.depth, evidence=queues.evidence(one))
        for one in states
        if one.oldest_age is not None and one.oldest_age >= params.threshold_seconds
    ]
    return Result(samples, missing=not states)


KIND = Kind(
    name="queue_age",
    says="A message that waits too long in its queue.",
    params=QueueAge,
    read=read,
    summary="The oldest message of the queue {queue} waits for {value} s",
    filters=frozenset({"queue"}),
)
