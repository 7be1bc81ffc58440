"""What a rule is, how it is read from the setting `FINGERPRINT_RULES`, and the patterns that other settings share."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

NAME = "FINGERPRINT_RULES"
FIELDS = ("type", "module", "function", "message", "name", "service", "status", "kind")
"""What a rule can look at."""
PLACES = ("type", "module", "function", "message", "name", "status", "kind", "default")
"""What can stand in braces in a fingerprint; `default` is the fingerprint that the error has without the rule."""
MAX_RULES, _MAX_PATTERN, _MAX_PARTS, _MAX_PART = 200, 200, 20, 200
_REPEATED = {"default", "name", "status"}  # what travels of a repetition
_KEYS = {"match", "fingerprint"}
Patterns = tuple[tuple[str, re.Pattern[str]], ...]
"""Patterns by field, all of which an error has to meet."""


@dataclass(frozen=True)
class Rule:
    """Errors that meet every pattern have one group for each set of values that its parts take.

    Attributes:
        match: Patterns by field.
        parts: What the fingerprint is made of, with places in braces.
        repeated: Whether it tells one place in the code from others, and is made of what travels of repetitions.
    """

    match: Patterns
    parts: tuple[str, ...]
    repeated: bool


def read(value: Any) -> Rule:
    """Read one entry of the setting.

    Raises:
        ValueError: It has another form; the message says which one is accepted.
    """
    if not isinstance(value, Mapping) or set(value) != _KEYS:
        raise ValueError('must be a dict like {"match": {"type": "shop.CartError"}, "fingerprint": ["cart", "{name}"]}')
    parts = _parts(value["fingerprint"])
    places = set[str]().union(*map(_places, parts))
    return Rule(patterns(value["match"], FIELDS, "['match']"), parts, "default" in places <= _REPEATED)


def read_all(values: Sequence[Any]) -> tuple[Rule, ...]:
    """Read the setting; what has another form is left out (`problems` reports it)."""
    rules = []
    for value in values[:MAX_RULES]:
        try:
            rules.append(read(value))
        except ValueError:
            continue
    return tuple(rules)


def problems(values: Sequence[Any]) -> list[str]:
    """Say, one line each, what is wrong with the setting and which form is accepted."""
    found = [] if len(values) <= MAX_RULES else [f"MONITORING['{NAME}'] can have {MAX_RULES} rules, not {len(values)}."]
    for place, value in enumerate(values):
        try:
            read(value)
        except ValueError as error:
            found.append(f"MONITORING['{NAME}'][{place}] {error}.")
    return found


def patterns(value: Any, fields: Sequence[str], place: str = "") -> Patterns:
    """Read what an error has to meet.

    Args:
        value: A dict of patterns by field.
        fields: Which fields there are.
        place: Where it stands within its setting, for messages.

    Raises:
        ValueError: It has another form; the message says which one is accepted.
    """
    if not isinstance(value, Mapping) or not value or not set(value) <= set(fields):
        raise ValueError(f"{place} must be a dict of patterns by one or several of: {', '.join(fields)}".strip())
    for name, pattern in value.items():
        if not isinstance(pattern, str) or not 0 < len(pattern) <= _MAX_PATTERN:
            raise ValueError(f'{place}[{name!r}] must be a pattern of 1 to {_MAX_PATTERN} characters, like "shop.*"')
    # These patterns are made such that they never try the same text twice, whatever stands between their stars.
    return tuple((str(name), re.compile(fnmatch.translate(value[name]))) for name in fields if name in value)


def _parts(value: Any) -> tuple[str, ...]:
    form = f"['fingerprint'] must be a list of 1 to {_MAX_PARTS} texts, with any of {_braced()} in them"
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MAX_PARTS:
        raise ValueError(form)
    for part in value:
        if not isinstance(part, str) or len(part) > _MAX_PART or not _places(part) <= set(PLACES):
            raise ValueError(form)
    return tuple(value)


def _braced() -> str:
    return ", ".join(f"{{{place}}}" for place in PLACES)


def _places(part: str) -> set[str]:
    """Return what stands in braces; such that is no plain name is returned as it is, and no place of ours."""
    try:
        parsed = [field for field in Formatter().parse(part) if field[1] is not None]
    except ValueError:
        return {part}
    return {name if not (form or conversion) else part for _text, name, form, conversion in parsed if name is not None}
