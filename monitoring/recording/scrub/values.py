"""Values as plain JSON: by the names they stand under, by type alone, and within bounds.

An object may do anything when it is asked for its text: a query set would query the database, and a lazy object is
loaded by being asked for its class. So `type` is asked, never `isinstance`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from pathlib import PurePath
from typing import Any
from uuid import UUID

from .names import FILTERED, denied
from .texts import MAX_TEXT, clean, text

_PRINTABLE = (date, time, timedelta, Decimal, Enum, PurePath, UUID)
_MAX_ITEMS, _MAX_DEPTH, _MAX_NAME = 50, 4, 100
_LARGEST = 2**53
"""Beyond it, JSON's readers lose digits of integers."""
_MAX_BITS = 1_000
"""Longer integers take long to print."""


def mapping(values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Copy a mapping as plain JSON values; what stands under a denied name is filtered. Never raises.

    Args:
        values: With names of any kind.
        depth: In how many containers it lies; beyond the fourth only types are told.
    """
    copied: dict[str, Any] = {}
    try:
        for key, item in islice(values.items(), _MAX_ITEMS):
            hidden = issubclass(type(key), str) and denied(key)
            copied[_name(key)] = FILTERED if hidden else value(item, depth + 1)
        if "value" in copied and _names_a_secret(copied):
            copied["value"] = FILTERED
    except Exception:  # a mapping of somebody's own, or one that another thread changes
        copied.setdefault("<unreadable>", f"<{type(values).__qualname__}>")
    return copied


def _names_a_secret(copied: Mapping[str, Any]) -> bool:
    """Whether a mapping is a pair itself, as in `{"name": "password", "value": "x"}`."""
    return any(type(name := copied.get(key)) is str and denied(name) for key in ("name", "key", "field"))


def _name(key: Any) -> str:
    return text(key, _MAX_NAME) if issubclass(type(key), str) else clean(str(value(key, _MAX_DEPTH)), _MAX_NAME)


def value(item: Any, depth: int = 0) -> Any:
    """Copy one value as plain JSON; what JSON cannot hold becomes its text or the name of its class. Never raises.

    Args:
        item: Anything.
        depth: In how many containers it lies.
    """
    try:
        return _copy(item, type(item), depth)
    except Exception:
        return f"<{type(item).__qualname__}>"


def _copy(item: Any, kind: type[Any], depth: int) -> Any:
    if item is None or kind is bool:
        return item
    if issubclass(kind, Enum):
        return _enum(item, depth)
    if issubclass(kind, str):
        return text(item)
    if issubclass(kind, int):
        return _integer(int(item))
    if issubclass(kind, float):
        return item if math.isfinite(item) else str(item)
    return _container(item, kind, depth)


def _enum(item: Any, depth: int) -> Any:
    """Return a member's plain value, as JSON would; the name of one that has none."""
    plain = item._value_
    return value(plain, depth) if type(plain) in (str, int, float) else text(str(item))


def _integer(number: int) -> int | str:
    if abs(number) < _LARGEST:
        return number
    return str(number) if number.bit_length() <= _MAX_BITS else f"<int of {number.bit_length()} bits>"


def _container(item: Any, kind: type[Any], depth: int) -> Any:
    if depth < _MAX_DEPTH:
        if issubclass(kind, Mapping):
            return mapping(item, depth)
        if issubclass(kind, list | tuple | set | frozenset):
            return _listed(list(islice(item, _MAX_ITEMS)), depth)
    return text(str(item), MAX_TEXT) if issubclass(kind, _PRINTABLE) else f"<{kind.__qualname__}{_key(item, kind)}>"


def _key(item: Any, kind: type[Any]) -> str:
    """Return the primary key of a row of Django's, as far as it is loaded: asking for more could query."""
    options = kind.__dict__.get("_meta")
    name = getattr(getattr(options, "pk", None), "attname", None)
    found = item.__dict__.get(name) if isinstance(name, str) else None
    return f" {found}" if isinstance(found, int | str | UUID) else ""


def _listed(items: list[Any], depth: int) -> list[Any]:
    """Copy a list; what follows the name of a secret in a pair, or the option of a command, is filtered."""
    copied: list[Any] = []
    for position, part in enumerate(items):
        before = items[position - 1] if position else None
        hidden = type(before) is str and _announces(before, part, len(items)) and denied(before)
        copied.append(FILTERED if hidden else value(part, depth + 1))
    return copied


def _announces(name: str, part: Any, length: int) -> bool:
    """Whether what follows a text in a list may be its value, not one more of its kind."""
    if name.startswith("--"):
        return "=" not in name and not (type(part) is str and part.startswith("--"))
    return length == 2 and not (type(part) is str and part.isidentifier() and denied(part))
