"""Names that applications chose, as names of metric families: valid, of the right type, and each of them once.

OpenMetrics knows a counter `x_total` as the family `x`, and a histogram `x` takes `x_count` with it: two names may
clash without being equal. Who comes first keeps its name; the other gets a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.samples import Sample

_INVALID = re.compile(r"[^a-zA-Z0-9_]")  # colons are for recording rules
TOTAL = "_total"
_SUFFIXES = {
    "counter": (TOTAL, "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "summary": ("_count", "_sum", "_created"),
    "info": ("_info",),
}


def sanitised(name: str) -> str:
    """Return a name with every character replaced that a metric's name cannot hold."""
    valid = _INVALID.sub("_", name)
    return valid if valid and not valid[0].isdigit() else f"_{valid}"


def simple(name: str, kind: str, value: float, documentation: str) -> Metric:
    """Return a family of one sample without labels.

    Args:
        name: Valid name of the sample.
        kind: `counter`, `gauge`, or `unknown`; a counter that is not called `…_total` is of unknown type.
        value: Value of the sample.
        documentation: What it is.
    """
    if kind == "counter" and not name.endswith(TOTAL):
        kind = "unknown"
    family = Metric(name.removesuffix(TOTAL) if kind == "counter" else name, documentation, kind)
    family.add_sample(name, {}, value)
    return family


class Claims:
    """Which names are taken.

    Args:
        families: Those that keep their names.
    """

    def __init__(self, families: Iterable[Metric] = ()) -> None:
        self._taken: set[str] = set()
        for family in families:
            self._taken |= _names(family.name, family.type)

    def settle(self, family: Metric) -> Metric:
        """Take the family's names; return it, under another name where one of them is taken."""
        name, number = family.name, 1
        while self._taken & _names(name, family.type):
            number += 1
            name = f"{family.name}_{number}"
        self._taken |= _names(name, family.type)
        if number == 1:
            return family
        settled = Metric(name, family.documentation, family.type)
        for sample in family.samples:
            rest = sample.name.removeprefix(family.name)
            settled.samples.append(Sample(name + rest, sample.labels, sample.value))
        return settled


def _names(name: str, kind: str) -> set[str]:
    return {name, *(name + suffix for suffix in _SUFFIXES.get(kind, ()))}
