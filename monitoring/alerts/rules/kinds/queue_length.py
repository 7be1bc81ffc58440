"""Too many messages that wait."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.alerts.rules import forms, queues
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample


@dataclass(frozen=True)
class QueueLength(Params):
    """How many messages may wait."""

    threshold: int = param(forms.whole(1, 10**12), "So many waiting messages are worth an alert.")


def read(params: QueueLength, query: Query) -> Result:
    """Find the queues in which as many messages wait."""
    states = queues.states(query)
    samples = [
        Sample({"queue": one.name}, one.depth, one.depth, evidence=queues.evidence(one))
        for one in states
        if one.depth >= params.threshold
    ]
    return Result(samples, missing=not states)


KIND = Kind(
    name="queue_length",
    says="Too many messages that wait in a queue.",
    params=QueueLength,
    read=read,
    summary="{value} messages wait in the queue {queue}",
    filters=frozenset({"queue"}),
)
