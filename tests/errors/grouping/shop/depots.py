"""What refuses to work because something else is missing, which is no caller's doing."""

from __future__ import annotations

from typing import Any

OPEN: set[str] = set()
RATES: dict[str, float] = {}


class DepotClosedError(Exception):
    """The calendar says so."""


class RateMissingError(LookupError):
    """It should have been imported at night."""


def is_open(day: str) -> bool:
    if day not in OPEN:
        raise DepotClosedError(f"no depot is open on {day}")
    return True


def deliver(day: str) -> str:
    return f"{day}: {is_open(day)}"


def collect(day: str) -> list[str]:
    return [day] if is_open(day) else []


def plan(day: str) -> dict[str, str]:
    return {"plan": deliver(day)}


def rate_of(currency: str) -> float:
    if currency not in RATES:
        raise RateMissingError(f"no rate for {currency}")
    return RATES[currency]


def price_in(currency: str) -> float:
    return 3 * rate_of(currency)


def bill_in(currency: str) -> float:
    return round(price_in(currency), 2)


def printer(_name: str) -> Any:
    raise RuntimeError("not connected")


def label(name: str) -> None:
    printer(name).write(name)


def stamp(name: str) -> None:
    printer(name).feed(1)
