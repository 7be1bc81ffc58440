"""Texts of unknown origin, made fit for messages: one line or several, of bounded length, saying what they show.

Characters that control a terminal, turn the direction of reading or are not seen are taken out everywhere; what a
format of its own needs besides, its channel does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

_UNSEEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
_BAD = re.compile(f"[{_UNSEEN}\ud800-\udfff]")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MORE = "…"
_MAX_URL = 2_000
_MAX_TEXT, _MAX_ITEMS, _MAX_DEPTH = 2_000, 50, 4


def line(text: object, limit: int) -> str:
    """Return a text as one line, shortened to a limit of characters."""
    return shorten(" ".join(_BAD.sub(" ", _cut(text, limit)).split()), limit)


def block(text: object, limit: int) -> str:
    """Return a text as lines without control characters, shortened to a limit of characters."""
    lines = _BREAKS.sub("\n", _cut(text, limit)).replace("\t", "    ")
    return shorten(_BAD.sub("\N{REPLACEMENT CHARACTER}", lines).strip("\n"), limit)


def shorten(text: str, limit: int) -> str:
    """Return a text of a limited number of characters; where something is missing, it ends so that it is seen."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + _MORE[:limit]


def address(url: str) -> str:
    """Return the address of a link that may be shown; empty when it is not one of the web."""
    if not url.isprintable() or not url.isascii() or len(url) > _MAX_URL or re.search(r"[\s<>\"'\\|]", url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def moment(when: datetime) -> str:
    """Return a moment as people read it."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def span(seconds: float) -> str:
    """Return a length of time in its largest unit, such as `12 minutes`."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size or (unit == "minute" and seconds >= size):
            return _counted(int(seconds // size), unit)
    return _counted(max(int(seconds), 0), "second")


def number(value: float) -> str:
    """Return a number with as many digits as people can use."""
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def occurrences(count: int) -> str:
    """Return how often something occurred."""
    return _counted(count, "occurrence")


def plain(value: Any, depth: int = _MAX_DEPTH) -> Any:
    """Return a value as JSON can hold it, with bounded texts and collections; unknown types become texts."""
    match value:
        case Mapping() if depth:
            items = list(value.items())[:_MAX_ITEMS]
            return {line(name, 200): plain(held, depth - 1) for name, held in items}
        case list() | tuple() if depth:
            return [plain(held, depth - 1) for held in value[:_MAX_ITEMS]]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return block(value, _MAX_TEXT)


def _cut(text: object, limit: int) -> str:
    # Only the beginning can be shown: what is megabytes long is not looked through.
    return str(text)[: limit * 4 + 100]


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
