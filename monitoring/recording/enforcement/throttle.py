"""One throttle, as it is projected: whose requests it is about, and who shares a bucket. Pure values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from . import lookup
from .asked import Asked

_ANYTHING = "*"
_SCOPES = frozenset({"client", "token", "route", "all"})
_MAX_REASON = 500


@dataclass(frozen=True)
class Throttle:
    """How often which requests may come.

    Attributes:
        key: Its id.
        scope: What `match` is compared with: `client`, `token`, `route` or `all`.
        match: A network, the beginning of a token's digest, a route with `*` for any text in it, or `*`.
        rate: Requests a second, of all processes together.
        burst: So many may come at once.
        per: Who has a bucket of their own, as in `scope`.
        reason: What those are told who come too often.
    """

    key: str
    scope: str
    match: str
    rate: float
    burst: float
    per: str
    reason: str

    def subject(self, asked: Asked) -> str | None:
        """Return whose bucket a request takes from; None where it is none of this throttle's.

        Who is unknown has no bucket of their own.
        """
        if not self._concerns(asked):
            return None
        if self.per == "client":
            return lookup.neighbourhood(asked.client) or None
        if self.per == "token":
            return asked.token or None
        return asked.route if self.per == "route" else ""

    def _concerns(self, asked: Asked) -> bool:
        if self.match == _ANYTHING:
            return True
        if self.scope == "client":
            return lookup.is_within(asked.client, (self.match,))
        if self.scope == "token":
            return bool(self.match) and asked.token.startswith(self.match)
        return self.scope == "route" and _fits(self.match, asked.route)


@lru_cache(maxsize=4_096)
def _fits(pattern: str, route: str) -> bool:
    """Whether a route is meant: with its method, such as `GET api/designs/`, or whatever its method."""
    text = ".*".join(map(re.escape, pattern.split(_ANYTHING)))
    return any(re.fullmatch(text, one, re.DOTALL) for one in (route, route.partition(" ")[2]))


@lru_cache(maxsize=256)
def read(key: str, value: str) -> Throttle | None:
    """Read a throttle; None for what is none: a limit that nobody can keep is no limit.

    Args:
        key: Its id.
        value: As it is projected.
    """
    try:
        told: dict[str, Any] = msgspec.json.decode(value, type=dict[str, Any])
        rate, burst = float(told["rate"]), float(told["burst"])
        scope, match, per = str(told["scope"]), str(told["match"]), str(told["per"])
        reason = str(told.get("reason") or "")[:_MAX_REASON]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    sound = math.isfinite(rate) and rate > 0 and math.isfinite(burst) and burst >= 1
    return Throttle(key, scope, match, rate, burst, per, reason) if sound and {scope, per} <= _SCOPES else None
