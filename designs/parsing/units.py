"""Units of a STEP file: SI units with their prefixes, and units defined by conversion from others."""

from __future__ import annotations

import math
from typing import Any

from .part21 import Enumeration, Reference, Typed, Value

PREFIXES = {
    "EXA": 18, "PETA": 15, "TERA": 12, "GIGA": 9, "MEGA": 6, "KILO": 3, "HECTO": 2, "DECA": 1,
    "DECI": -1, "CENTI": -2, "MILLI": -3, "MICRO": -6, "NANO": -9, "PICO": -12, "FEMTO": -15, "ATTO": -18,
}  # fmt: skip
QUANTITIES = {
    "LENGTH_UNIT": "length",
    "PLANE_ANGLE_UNIT": "plane_angle",
    "SOLID_ANGLE_UNIT": "solid_angle",
}
MAX_CHAIN = 8


class Units:
    """Collects unit records, and says which unit each quantity is in."""

    readers = frozenset(
        {
            "SI_UNIT",
            "CONVERSION_BASED_UNIT",
            "GLOBAL_UNIT_ASSIGNED_CONTEXT",
            "MEASURE_WITH_UNIT",
            "LENGTH_MEASURE_WITH_UNIT",
            "PLANE_ANGLE_MEASURE_WITH_UNIT",
        }
    )

    def __init__(self) -> None:
        self._units: dict[int, dict[str, list[Value]]] = {}
        self._measures: dict[int, tuple[float, int]] = {}
        self._assigned: list[int] = []

    def add(self, number: int, records: list[Typed]) -> None:
        """Keep one unit, measure or context."""
        by_name = {record.name: record.parameters for record in records}
        context = by_name.get("GLOBAL_UNIT_ASSIGNED_CONTEXT")
        if context is not None:
            units = context[0] if context and isinstance(context[0], list) else []
            self._assigned.extend(unit.number for unit in units if isinstance(unit, Reference))
        elif "SI_UNIT" in by_name or "CONVERSION_BASED_UNIT" in by_name:
            self._units[number] = by_name
        else:
            self._add_measure(number, records[0].parameters)

    @property
    def mixed(self) -> bool:
        """Whether contexts of the file measure lengths in different units."""
        return len({unit["name"] for quantity, unit in self._described() if quantity == "length"}) > 1

    def summary(self) -> dict[str, Any]:
        """Return the unit of each quantity by name and as a factor of the SI unit."""
        units: dict[str, Any] = {}
        for quantity, unit in self._described():
            units.setdefault(quantity, unit)
        if self.mixed:
            units["mixed"] = True
        return units

    def _described(self) -> list[tuple[str, dict[str, Any]]]:
        assigned = [(number, self._units.get(number, {})) for number in dict.fromkeys(self._assigned)]
        return [
            (quantity, {"name": self._name(records), "si_factor": self._factor(number)})
            for number, records in assigned
            for marker, quantity in QUANTITIES.items()
            if marker in records
        ]

    def _add_measure(self, number: int, parameters: list[Value]) -> None:
        match parameters:
            case [Typed(parameters=[int() | float() as value]), Reference(unit)]:
                self._measures[number] = (float(value), unit)
            case [int() | float() as value, Reference(unit)]:
                self._measures[number] = (float(value), unit)

    def _name(self, records: dict[str, list[Value]]) -> str:
        match records:
            case {"CONVERSION_BASED_UNIT": [str() as name, *_]}:
                return name.lower()
            case {"SI_UNIT": [Enumeration(prefix), Enumeration(name)]}:
                return (prefix + name).lower()
            case {"SI_UNIT": [_, Enumeration(name)]}:
                return name.lower()
        return "unknown"

    def _factor(self, number: int) -> float | None:
        """Follow conversions down to an SI unit; None when they lead nowhere."""
        factor = 1.0
        for _ in range(MAX_CHAIN):
            match self._units.get(number, {}):
                case {"CONVERSION_BASED_UNIT": [_, Reference(measure), *_]} if measure in self._measures:
                    value, number = self._measures[measure]
                    factor *= value
                case {"SI_UNIT": [Enumeration(prefix), _]}:
                    return _scaled(factor, PREFIXES.get(prefix))
                case {"SI_UNIT": _}:
                    return _scaled(factor, 0)
                case _:
                    return None
        return None


def _scaled(factor: float, exponent: int | None) -> float | None:
    """Apply a prefix; dividing keeps 25.4 millimetres at 0.0254 metres."""
    if exponent is None:
        return None
    scaled = factor * 10**exponent if exponent > 0 else factor / 10**-exponent
    return scaled if math.isfinite(scaled) else None
