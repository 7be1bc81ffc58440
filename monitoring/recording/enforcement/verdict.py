"""The one question: is this request refused?"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from monitoring.conf import get_config
from monitoring.recording.decisions import copy
from monitoring.stream.decisions import Entry

from . import lookup, rules
from .asked import Asked
from .buckets import Buckets
from .counting import BLOCK, FAILED, REFUSED, THROTTLE, UNREADY, WOULD_REFUSE, count
from .rules import DRY_RUN, OFF, Rules

_ENDLESS_SECONDS = 3_600


@dataclass(frozen=True)
class Verdict:
    """Why a request is refused.

    Attributes:
        kind: `block` or `throttle`.
        key: Id of the block or the throttle; empty where it is not known.
        retry_after: Whole seconds after which it makes sense to try again.
        reason: What a throttle tells those who come too often.
    """

    kind: str
    key: str
    retry_after: int
    reason: str = ""


class _State:
    """What this process keeps between two requests."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin with nothing: in a fork's child, whose parent may have held the lock, and when settings change."""
        self.rules: Rules | None = None
        self.buckets = Buckets()


_state = _State()
os.register_at_fork(after_in_child=_state.begin)


def verdict(
    client: str, request: Any, route_of: Callable[[Any], str], authorization_of: Callable[[Any], str]
) -> Verdict | None:
    """Return why a request is refused, or None for one that is answered. It raises nothing; what is refused is counted.

    While this process knows no decisions yet, and whatever goes wrong, everybody is answered, counted.

    Args:
        client: Address of the client, past trusted proxies alone; empty where it is not known: nobody is blocked then.
        request: What the two functions look at; they are called only if a throttle wants to know.
        route_of: Returns its method and route, such as `GET api/designs/`.
        authorization_of: Returns its header `Authorization`.
    """
    try:
        known = _state.rules
        if known is None or known.mark is not copy.mark:
            known = _state.rules = rules.read(copy, get_config())
        found = _judge(known, client, request, route_of, authorization_of)
        if found is not None:
            count((WOULD_REFUSE if known.mode == DRY_RUN else REFUSED)[found.kind])
    except Exception:  # who is answered by mistake does less harm than who is refused by one
        count(FAILED)
        return None
    else:
        return found if known.mode != DRY_RUN else None


def forget() -> None:
    """Forget what was worked out, and all buckets: when settings change."""
    _state.begin()


def _judge(
    known: Rules,
    client: str,
    request: Any,
    route_of: Callable[[Any], str],
    authorization_of: Callable[[Any], str],
) -> Verdict | None:
    if known.mode == OFF:
        return None
    if not known.ready:
        count(UNREADY)
        return None
    if client and known.lengths and (found := _blocked(client, known)) is not None:
        return found
    return _throttled(Asked(client, request, route_of, authorization_of), known) if known.throttles else None


def _blocked(client: str, known: Rules) -> Verdict | None:
    entry = lookup.first(known.blocks, lookup.keys_of(client, known.lengths))
    if entry is None or known.allow(client):
        return None
    return Verdict(BLOCK, _block_id(entry), _seconds_left(entry))


def _throttled(asked: Asked, known: Rules) -> Verdict | None:
    """Take the tokens that the request needs. Those who are never refused take theirs, too, as far as there are any."""
    throttles, tokens = known.throttles.wanted(asked)
    if not tokens:
        return None
    wait, slowest = _state.buckets.take(tokens, time.monotonic())
    if wait == 0.0 or known.allow(asked.client):
        return None
    return Verdict(THROTTLE, throttles[slowest].key, max(1, math.ceil(wait)), throttles[slowest].reason)


def _block_id(entry: Entry) -> str:
    try:
        return str(msgspec.json.decode(entry.value, type=dict[str, Any]).get("id", ""))
    except (msgspec.DecodeError, ValueError):
        return ""


def _seconds_left(entry: Entry) -> int:
    if entry.expires is None:
        return _ENDLESS_SECONDS
    return max(1, math.ceil(entry.expires / 1000 - time.time()))
