"""Glob patterns of rules, held against texts here and in the database alike.

Only `*` and `?` mean something, so that PostgreSQL, SQLite and Python cannot disagree about a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, F, Func, Q
from django.db.models.sql.compiler import SQLCompiler

from monitoring import globs

METHOD = "(?:[A-Z_]+ )?"
"""What may stand before a route: recorded names are `GET api/designs/`, and people write `api/designs/*`."""
_ANY, _ONE = "*", "?"


def matches(patterns: Sequence[str], text: str, before: str = "") -> bool:
    """Whether a text matches one of some patterns, or there are none.

    Args:
        patterns: Glob patterns.
        text: The text.
        before: A regular expression of what may stand before what is matched.
    """
    return not patterns or re.search(_for_python(patterns, before), text) is not None


def where(field: str, patterns: Sequence[str], before: str = "") -> Q:
    """Return the condition that a column matches one of some patterns, or that there are none.

    Args:
        field: The column.
        patterns: Glob patterns.
        before: A regular expression of what may stand before what is matched.
    """
    return Q(_Matching(field, tuple(patterns), before)) if patterns else Q()


def is_plain(pattern: str) -> bool:
    """Whether a pattern matches but one text: itself."""
    return not {_ANY, _ONE} & set(pattern)


class _Matching(Func):
    """The condition as the database evaluates it. SQLite asks Python, which needs an expression of its own."""

    output_field = BooleanField()

    def __init__(self, field: str, patterns: tuple[str, ...], before: str) -> None:
        super().__init__(F(field))
        self.patterns, self.before = patterns, before

    def as_sql(  # type: ignore[override]  # a condition has no template
        self, compiler: SQLCompiler, _connection: BaseDatabaseWrapper, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} ~ %s", (*params, _for_postgresql(self.patterns, self.before))

    def as_sqlite(  # type: ignore[override]  # nor numbers to be rounded
        self, compiler: SQLCompiler, _connection: BaseDatabaseWrapper, **_context: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = compiler.compile(self.source_expressions[0])
        return f"{column} REGEXP %s", (*params, _for_python(self.patterns, self.before))


def _for_python(patterns: Sequence[str], before: str) -> str:
    alternatives = "|".join(globs.linear(_pieces(pattern)) for pattern in patterns)
    return rf"(?s:\A{before}(?:{alternatives})\Z)"


def _for_postgresql(patterns: Sequence[str], before: str) -> str:
    """Return the same for PostgreSQL, which matches in linear time whatever it is given."""
    alternatives = "|".join(".*".join(_pieces(pattern)) for pattern in patterns)
    return f"^{before}(?:{alternatives})$"


def _pieces(pattern: str) -> list[str]:
    """Return what stands between the gaps of a pattern, as regular expressions."""
    return [".".join(map(re.escape, piece.split(_ONE))) for piece in pattern.split(_ANY)]
