"""Lengths in other units than a CAD file states them in."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from .exceptions import UnitConversionError

if TYPE_CHECKING:
    from pint import UnitRegistry

_NAME = re.compile(r"[A-Za-z\u00b5\u03bc\u00c5\u212b_]{1,40}")
"""A single unit by its name. The library would also take expressions, and `9**9**9` would keep it busy for ever."""


def length_unit(name: str) -> tuple[str, float]:
    """Return a unit's full name, and how many metres it is.

    Args:
        name: Any name or symbol with any prefix: `mm`, `inch`, `micrometre`.

    Raises:
        UnitConversionError: There is no such unit, or it is none of length.
    """
    import pint

    registry = _registry()
    if not _NAME.fullmatch(name):
        raise _unknown(name)
    try:
        unit = registry.Unit(name)
        return str(unit), float(registry.Quantity(1.0, unit).to(registry.meter).magnitude)
    except pint.DimensionalityError as error:
        raise UnitConversionError(f"{name} is no unit of length.", details={"unit": name}) from error
    except (pint.PintError, ValueError, ArithmeticError) as error:
        raise _unknown(name) from error


def convert(lengths: Sequence[float], metres: float, target_metres: float) -> list[float]:
    """Return lengths in another unit.

    Args:
        lengths: The lengths.
        metres: How many metres their unit is.
        target_metres: How many metres the other unit is.

    Raises:
        UnitConversionError: A length is too large to be told in the other unit.
    """
    if metres == target_metres:
        return list(lengths)
    converted = [length * metres / target_metres for length in lengths]
    if not all(map(math.isfinite, converted)):
        raise UnitConversionError("A length is too large to be told in this unit.")
    return converted


def _unknown(name: str) -> UnitConversionError:
    return UnitConversionError(f"There is no unit {name[:40]!r}.", details={"unit": name[:40]})


@cache
def _registry() -> UnitRegistry[Any]:
    """Read the definitions of all units, once, in processes that convert any."""
    import pint

    return pint.UnitRegistry()
