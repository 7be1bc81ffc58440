"""What a throttle says: whose requests are limited, how often they may come, and who shares one bucket. Pure values."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass

from django.db import models

from monitoring.protection.networks import read

MAX_MATCH = 200
MAX_REASON = 500
MIN_RATE, MAX_RATE = 0.001, 1_000_000.0
"""Requests a second; the slowest is one in about a quarter of an hour."""
MAX_BURST = 1_000_000
ANYTHING = "*"
_DIGEST = re.compile(r"[0-9a-f]{8,32}")
"""So few digits that no token is among them: those have more."""


class Scope(models.TextChoices):
    """Whose requests, or who shares a bucket."""

    CLIENT = "client"
    TOKEN = "token"  # noqa: S105  # a word
    ROUTE = "route"
    ALL = "all"


@dataclass(frozen=True)
class Limit:
    """How often which requests may come.

    Attributes:
        scope: What `match` is compared with.
        match: A network; the beginning of a token's digest; a route, where `*` stands for
            any text; or `*` for everything.
        rate: Requests a second.
        burst: So many may come at once.
        per: Who has a bucket of their own.
        reason: What those are told who come too often.
    """

    scope: str
    match: str
    rate: float
    burst: int
    per: str
    reason: str = ""

    def problems(self) -> dict[str, str]:
        """Say by field what is wrong; nothing for a limit that can be kept."""
        found = {
            "scope": None if self.scope in Scope.values else f"Must be one of {', '.join(Scope.values)}.",
            "match": self._problem_of_match(),
            "rate": None
            if math.isfinite(self.rate) and MIN_RATE <= self.rate <= MAX_RATE
            else f"Must be from {MIN_RATE:g} to {MAX_RATE:g} requests a second.",
            "burst": None if 1 <= self.burst <= MAX_BURST else f"Must be from 1 to {MAX_BURST}.",
            "per": None if self.per in Scope.values else f"Must be one of {', '.join(Scope.values)}.",
            "reason": None if len(self.reason) <= MAX_REASON else f"Must have at most {MAX_REASON} characters.",
        }
        return {name: text for name, text in found.items() if text is not None}

    def _problem_of_match(self) -> str | None:
        if self.scope == Scope.CLIENT:
            return None if read(self.match) is not None else "Must be a network, like 203.0.113.0/24 or an address."
        if self.scope == Scope.TOKEN:
            fits = _DIGEST.fullmatch(self.match)
            return None if fits else "Must be the first 8 to 32 hexadecimal digits of the token's stored digest."
        if self.scope == Scope.ROUTE:
            fits_route = 1 <= len(self.match) <= MAX_MATCH and self.match.isprintable()
            return None if fits_route else f"Must be a route of at most {MAX_MATCH} characters, or *."
        return None if self.match == ANYTHING else "Must be * for all requests."

    def value(self) -> str:
        """Return it as it stands among the decisions."""
        return json.dumps(asdict(self), separators=(",", ":"))


def canonical(scope: str, match: str) -> str:
    """Return what is matched in its one spelling: of networks the canonical text, digests in lower case."""
    if scope == Scope.CLIENT:
        found = read(match)
        return match if found is None else str(found)
    return match.lower() if scope == Scope.TOKEN else match
