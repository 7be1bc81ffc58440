"""Take secrets and personal data out of what leaves the process, and bound its size."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any
from uuid import UUID

FILTERED = "[filtered]"
_DENIED = re.compile(
    r"pass(word|wd|phrase)|secret|token|api_?key|auth(?!or(?!i))|credential|cookie|session|csrf|private|signature"
    r"|card_?n|cvv|iban|ssn|e_?mail|phone",
    re.IGNORECASE,
)
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]*(?=@)")
# Other objects may do anything when asked for their text: a query set would query the database.
_PRINTABLE = (date, time, timedelta, Decimal, Enum, PurePath, UUID)
_MAX_TEXT, _MAX_ITEMS, _MAX_DEPTH = 1_000, 50, 4


def denied(name: str) -> bool:
    """Whether what stands under a name is not to leave the process."""
    return _DENIED.search(name) is not None


def text(value: str, limit: int = _MAX_TEXT) -> str:
    """Bound a text, hide credentials inside of URLs, and replace what no database stores (NUL, lone surrogates)."""
    value = value[:limit].replace("\0", "\N{REPLACEMENT CHARACTER}")
    if "://" in value:
        value = _URL_CREDENTIALS.sub(FILTERED, value)
    return value.encode("utf-8", "replace").decode() if not value.isascii() else value


def mapping(values: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Copy a mapping as plain JSON values; what stands under a denied key is filtered."""
    copied: dict[str, Any] = {}
    for key, item in list(values.items())[:_MAX_ITEMS]:
        name = text(str(key), 100)
        copied[name] = FILTERED if denied(name) else value(item, depth + 1)
    return copied


def value(item: Any, depth: int = 0) -> Any:
    """Copy one value as plain JSON; what JSON cannot hold becomes its text or the name of its class."""
    if item is None or isinstance(item, bool):
        return item
    if isinstance(item, str):
        return text(item)
    if isinstance(item, int):
        return item if abs(item) < 2**53 else str(item)
    if isinstance(item, float):
        return item if math.isfinite(item) else str(item)
    if isinstance(item, Mapping) and depth < _MAX_DEPTH:
        return mapping(item, depth)
    return _other(item, depth)


def _other(item: Any, depth: int) -> Any:
    if isinstance(item, list | tuple | set | frozenset) and depth < _MAX_DEPTH:
        return [value(part, depth + 1) for part in list(item)[:_MAX_ITEMS]]
    return text(str(item)) if isinstance(item, _PRINTABLE) else f"<{type(item).__qualname__}>"
