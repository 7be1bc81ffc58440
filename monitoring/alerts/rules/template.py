"""Summaries: sentences with names in braces. There is nothing in it but look-up of names, so that nothing leaks.

`str.format` would walk attributes and make padding as wide as memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_TEMPLATE, MAX_SUMMARY, _MAX_VALUE = 500, 500, 200
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,49})\}")


def render(template: str, values: Mapping[str, Any]) -> str:
    """Put values into a template.

    Args:
        template: Such as `{task} failed on {worker}`. Names that nobody knows stay as they are, to be seen.
        values: Plain values by name; nested ones count as unknown.

    Returns:
        One line of at most 500 characters.
    """

    def value(found: re.Match[str]) -> str:
        one = values.get(found[1])
        return _text(one) if isinstance(one, str | int | float) and one != "" else found[0]

    return _line(_NAME.sub(value, template[:MAX_TEMPLATE]))[:MAX_SUMMARY]


def names(template: str) -> set[str]:
    """Return the names in a template."""
    return set(_NAME.findall(template))


def figure(value: float) -> str:
    """Write a number as people read it: whole if it is, else with three significant digits."""
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.3g}" if abs(value) < 1_000 else f"{value:.0f}"


def _text(value: str | float) -> str:
    return value[:_MAX_VALUE] if isinstance(value, str) else figure(value)


def _line(text: str) -> str:
    """Leave out what would end a line: summaries become subjects of mails."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())
