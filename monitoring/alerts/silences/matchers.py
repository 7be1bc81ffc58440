"""Matchers, as Alertmanager has them: a label, one of `=`, `!=`, `=~` and `!~`, and a value or regular expression.

A label that is not there is the same as one that is empty; regular expressions, RE2's as there, are held against the
whole value. An incident's labels are its own and `rule`, `severity` and `kind`, which no label of its own replaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitoring.alerts.expressions import Expression, ExpressionError, expression

OPERATORS = ("=", "!=", "=~", "!~")
MAX_MATCHERS = 50
MAX_NAME, MAX_VALUE = 200, 1_000
_TEXT = re.compile(r"([A-Za-z_][A-Za-z0-9_.\-]*)\s*(=~|!~|!=|=)\s*(.*)", re.DOTALL)


class MatcherError(ValueError):
    """What was given means nothing; the message says why, to a person."""


@dataclass(frozen=True)
class Matcher:
    """One condition on a label.

    Attributes:
        name: The label.
        op: One of `OPERATORS`.
        value: What it is held against.
    """

    name: str
    op: str
    value: str
    _pattern: Expression | None = field(default=None, repr=False, compare=False)

    def meets(self, labels: Mapping[str, str]) -> bool:
        """Say whether labels meet the condition."""
        held = labels.get(self.name, "")
        if self._pattern is None:
            return (held == self.value) is (self.op == "=")
        return self._pattern.matches(held) is (self.op == "=~")

    def __str__(self) -> str:
        return f'{self.name}{self.op}"{self.value}"'


def parse(rows: Iterable[Any]) -> tuple[Matcher, ...]:
    """Read matchers as they are stored.

    Args:
        rows: Dicts of `name`, `op` and `value`.

    Raises:
        MatcherError: There is none, or one means nothing.
    """
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise MatcherError('Matchers are a list, such as [{"name": "service", "op": "=", "value": "shop"}].')
    if not 0 < len(rows) <= MAX_MATCHERS:
        raise MatcherError(f"There must be 1 to {MAX_MATCHERS} matchers.")
    return tuple(_matcher(row) for row in rows)


def parse_text(text: str) -> list[dict[str, str]]:
    """Read one matcher a line, such as `service="shop"`, as a person writes it; quotes may be left out.

    Raises:
        MatcherError: A line means nothing.
    """
    rows = []
    for line in filter(str.strip, text.splitlines()):
        found = _TEXT.fullmatch(line.strip())
        if found is None:
            raise MatcherError(f'{line.strip()[:100]!r} is no matcher like service="shop" or route=~"api/.*".')
        name, op, value = found.groups()
        quoted = len(value) > 1 and value[0] == value[-1] == '"'
        rows.append({"name": name, "op": op, "value": value[1:-1] if quoted else value})
    return rows


def labels_of(labels: Mapping[str, str], rule: str, severity: str, kind: str) -> dict[str, str]:
    """Return the labels that matchers see."""
    return {**labels, "rule": rule, "severity": severity, "kind": kind}


def all_meet(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether labels meet every condition."""
    return all(matcher.meets(labels) for matcher in matchers)


def _matcher(row: Any) -> Matcher:
    if not isinstance(row, Mapping) or not {"name", "op", "value"} <= set(row) or len(row) > 3:
        raise MatcherError("A matcher has a name, an op and a value.")
    name, op, value = row["name"], row["op"], row["value"]
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise MatcherError(f"{str(name)[:100]!r} is no name of a label.")
    if op not in OPERATORS:
        raise MatcherError(f"{str(op)[:20]!r} is none of {', '.join(OPERATORS)}.")
    if not isinstance(value, str) or len(value) > MAX_VALUE or "\0" in value:
        raise MatcherError(f"The value for {name} must be a text of at most {MAX_VALUE} characters.")
    try:
        return Matcher(name, op, value, expression(value) if op in ("=~", "!~") else None)
    except ExpressionError as error:
        raise MatcherError(str(error)) from error
