"""Putting texts of unknown origin into Markdown: nothing in them is markup, mentions people, or refers to issues."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff]")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>|~$!])")
_MENTION = re.compile(r"@(?=\w)")
_REFERENCE = re.compile(r"(#|\bGH-)(?=\d)", re.IGNORECASE)
_SCHEME = re.compile(r"(?<=[a-z])://|(?<=www)\.", re.IGNORECASE)
_TICKS = re.compile(r"`+")
_INVISIBLE = "\u2060"
"""A word joiner: it shows nothing, wraps nothing, and keeps its two neighbours from meaning something."""


def line(text: str, limit: int) -> str:
    """Return a text as one line of plain characters, shortened to a limit."""
    text = " ".join(_CONTROL.sub(" ", text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def inert(text: str) -> str:
    """Keep a text from mentioning people, referring to issues or being a link, where no code span can hold it."""
    text = _MENTION.sub(f"@{_INVISIBLE}", text)
    text = _REFERENCE.sub(rf"\1{_INVISIBLE}", text)
    return _SCHEME.sub(lambda found: f"{_INVISIBLE}{found[0]}", text)


def heading(text: str, limit: int = 200) -> str:
    """Return a text that can stand in a heading."""
    return _MARKUP.sub(r"\\\1", inert(line(text, limit)))


def span(text: str, limit: int = 300) -> str:
    """Return a text as a code span on one line; a hyphen for none."""
    text = line(text, limit)
    if not text:
        return "-"
    ticks = "`" * (_longest(text) + 1)
    room = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{room}{text}{room}{ticks}"


def block(text: str, limit: int = 20_000) -> str:
    """Return a text as a fenced block of code, whatever fences it holds itself."""
    text = text if len(text) <= limit else text[:limit] + "\n…"
    lines = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))
    fence = "`" * max(3, _longest(lines) + 1)
    return f"{fence}text\n{lines}\n{fence}"


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
