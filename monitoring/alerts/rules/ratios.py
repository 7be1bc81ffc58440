"""Shares of what failed, as samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .kind import Query
from .rollups import Counts
from .samples import Result, Sample


def failing(labelled: Iterable[tuple[Mapping[str, str], Counts]], threshold: float, query: Query) -> Result:
    """Return what fails at least as often as the threshold.

    Args:
        labelled: Counts with their labels.
        threshold: A share, from 0 to 1.
        query: Whose fewest occurrences count.
    """
    rows = list(labelled)
    samples = [
        Sample(labels, one.errors / one.count, one.errors, evidence=shares(one))
        for labels, one in rows
        if one.count >= max(query.min_count, 1) and one.errors / one.count >= threshold
    ]
    return Result(samples, missing=not rows)


def shares(one: Counts) -> dict[str, str | int]:
    """Return counts as evidence."""
    return {"percent": f"{one.errors / one.count * 100:.3g} %", "failed": one.errors, "total": one.count}
