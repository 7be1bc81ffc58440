"""How a figure is compared with a threshold."""

from __future__ import annotations

import operator
from collections.abc import Callable

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
"""Those of Prometheus."""


def holds(value: float, comparison: str, threshold: float) -> bool:
    """Whether a value meets a comparison."""
    return COMPARISONS[comparison](value, threshold)
