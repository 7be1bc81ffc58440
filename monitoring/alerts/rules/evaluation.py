"""What is active by a rule at a moment."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime
from typing import Any

from . import phrases
from .kind import Query
from .registry import KINDS
from .rule import Rule
from .samples import Result, Sample
from .template import render

_ABOUT = ("entry", "subject", "component", "metric", "route", "operation", "task", "queue", "worker", "type", "service")
"""Labels of which the first that is there is what a sample is about, in a word."""


def read(
    rule: Rule, now: datetime, *, since: datetime | None = None, shared: dict[Hashable, Any] | None = None
) -> Result:
    """Find what is active by a rule.

    A result is the whole truth of its moment: what is not in it is not active. Events stay in it for their window, so
    that an evaluator that looks now and then misses none; told apart they are by their labels.

    Args:
        rule: The rule.
        now: The moment.
        since: When the rule was last evaluated with success; the window of events reaches back beyond that, however
            long ago it was. None where nobody knows.
        shared: A dictionary, empty before a round of evaluation begins, in which the rules of the round keep what they
            read for each other.

    Returns:
        Samples with summaries, each set of labels once. The rule's own labels are among them.

    Raises:
        Exception: Whatever the database raises; nothing is known then.
    """
    kind = KINDS[rule.kind]
    least = rule.min_count or kind.min_count or 0
    query = Query(now, since, rule.filters, least, {} if shared is None else shared)
    found = kind.read(rule.params, query)
    told = {key: one for one in (_told(rule, sample) for sample in found.samples) for key in [_key(one)]}
    return replace(found, samples=list(told.values()))


def _key(sample: Sample) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(sample.labels.items()))


def _told(rule: Rule, sample: Sample) -> Sample:
    """Return a sample with the rule's labels and the sentence people read."""
    labels = {**rule.labels, **sample.labels}
    seconds = getattr(rule.params, "window_seconds", 0)
    values = {
        "window": _duration(seconds),
        **sample.evidence,
        "value": sample.value,
        "count": sample.count,
        "severity": rule.severity.value,
        "rule": rule.name,
        "name": next((labels[name] for name in _ABOUT if labels.get(name)), "all"),
        **labels,
        **({"finding": phrases.says(sample.labels["finding"])} if "finding" in sample.labels else {}),
    }
    summary = render(rule.summary or KINDS[rule.kind].summary, values)
    return replace(sample, labels=labels, summary=summary)


def _duration(seconds: int) -> str:
    """Write a length of time as people say it."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            number = seconds // length
            return f"{number} {unit}{'s' * (number > 1)}"
    return f"{seconds} seconds"
