"""What a rule finds at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """One thing that is active by a rule.

    Attributes:
        labels: What it is about; with the rule's name they identify the incident.
        value: The figure that was judged, in the unit of the rule's kind.
        count: Occurrences so far, where they can be counted.
        summary: The sentence people read.
        evidence: What else is known of it, as plain JSON.
        event: It happened once: its incident fires at once, whatever the rule's `for` is. The sample is there as long
            as its window, so an incident that lacks it is over.
        again: Each occurrence is such an event by itself: when there are more, it happened anew.
    """

    labels: Mapping[str, str]
    value: float
    count: int = 0
    summary: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    event: bool = False
    again: bool = False


@dataclass(frozen=True)
class Result:
    """What a rule found.

    Attributes:
        samples: What is active, each set of labels once.
        missing: There is no data at all to judge by, which says neither that something is wrong nor that all is well.
    """

    samples: list[Sample]
    missing: bool = False
