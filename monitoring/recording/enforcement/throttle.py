"""One throttle, as it is projected: whose requests it is about, and who shares a bucket. Pure values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from monitoring import globs
from monitoring.stream.decisions import Entry

from . import lookup
from .asked import Asked

ANYTHING = "*"
_SCOPES = frozenset({"client", "token", "route", "all"})
_MAX_REASON = 500


@dataclass(frozen=True)
class Throttle:
    """How often which requests may come, as far as this process is concerned.

    Attributes:
        key: Its id.
        scope: What `match` is compared with: `client`, `token`, `route` or `all`.
        match: A network, the beginning of a token's digest, a route with `*` for any text in it, or `*`.
        per: Who has a bucket of their own, as in `scope`.
        interval: Seconds in which one token comes.
        patience: Seconds in which all tokens of a full bucket come but one.
        reason: What those are told who come too often.
        expires: Milliseconds since the epoch from which it is void, or None.
    """

    key: str
    scope: str
    match: str
    per: str
    interval: float
    patience: float
    reason: str
    expires: int | None

    def subject(self, asked: Asked) -> str | None:
        """Return whose bucket a request of this throttle's takes from; None for who is unknown, and so has none."""
        if self.per == "client":
            return lookup.neighbourhood(asked.client) or None
        if self.per == "token":
            return asked.token or None
        return asked.route if self.per == "route" else ""

    def is_about(self, route: str) -> bool:
        """Whether a route is meant: with its method, such as `GET api/designs/`, or whatever its method."""
        text = globs.linear([re.escape(piece) for piece in self.match.split(ANYTHING)])
        return any(re.fullmatch(text, one, re.DOTALL) for one in (route, route.partition(" ")[2]))


@lru_cache(maxsize=512)
def read(key: str, entry: Entry, processes: int) -> Throttle | None:
    """Read a throttle; None for what is none: a limit that nobody can keep is no limit.

    Args:
        key: Its id.
        entry: As it is projected.
        processes: How many share the limit: each lets an equal part of it through, one request at a time at least.
    """
    try:
        told: dict[str, Any] = msgspec.json.decode(entry.value, type=dict[str, Any])
        rate, burst = float(told["rate"]) / processes, float(told["burst"]) / processes
        scope, match, per = str(told["scope"]), str(told["match"]), str(told["per"])
        reason = str(told.get("reason") or "")[:_MAX_REASON]
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    if not (math.isfinite(rate) and rate > 0 and math.isfinite(burst) and burst > 0 and {scope, per} <= _SCOPES):
        return None
    patience = max(0.0, burst - 1) / rate
    return Throttle(key, scope, match, per, 1 / rate, patience, reason, entry.expires)
