"""Glob patterns of rules, held against texts here and in the database alike.

Only `*` and `?` mean something, so that PostgreSQL, SQLite and Python cannot disagree about a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import Q

METHOD = "(?:[A-Z_]+ )?"
"""What may stand before a route: recorded names are `GET api/designs/`, and people write `api/designs/*`."""
_WILD = {"*": ".*", "?": "."}


def expression(patterns: Sequence[str], before: str = "") -> str:
    """Return the regular expression of texts that match one of some patterns.

    Args:
        patterns: Glob patterns, at least one.
        before: A regular expression of what may stand before what is matched.
    """
    alternatives = "|".join("".join(_WILD.get(one, re.escape(one)) for one in pattern) for pattern in patterns)
    return f"^{before}(?:{alternatives})$"


def matches(patterns: Sequence[str], text: str, before: str = "") -> bool:
    """Whether a text matches one of some patterns, or there are none."""
    return not patterns or re.search(expression(patterns, before), text, re.DOTALL) is not None


def where(field: str, patterns: Sequence[str], before: str = "") -> Q:
    """Return the condition that a column matches one of some patterns, or that there are none."""
    return Q(**{f"{field}__regex": expression(patterns, before)}) if patterns else Q()


def is_plain(pattern: str) -> bool:
    """Whether a pattern matches but one text: itself."""
    return not set(pattern) & set(_WILD)
