"""Which throttles a request is subject to, found without comparing it with each of them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from monitoring.address import block_key, networks

from . import lookup
from .asked import Asked
from .buckets import Wanted
from .throttle import ANYTHING, Throttle

_MOST_ROUTES = 5_000


class Throttles:
    """Those that stand.

    Args:
        standing: All of them.
    """

    def __init__(self, standing: Iterable[Throttle] = ()) -> None:
        self._by_key = {one.key: one for one in standing}
        self._of_all: tuple[Throttle, ...] = ()
        self._of_tokens: tuple[Throttle, ...] = ()
        self._of_routes: tuple[Throttle, ...] = ()
        self._of_networks: dict[str, tuple[Throttle, ...]] = {}
        self._known_routes: dict[str, tuple[Throttle, ...]] = {}
        for one in self._by_key.values():
            self._sort_in(one)
        self._lengths = lookup.lengths_of(self._of_networks)

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def wanted(self, asked: Asked) -> tuple[list[Throttle], list[Wanted]]:
        """Return the throttles that a request is subject to, and the token of each that it needs.

        Args:
            asked: The request.
        """
        throttles, tokens = [], []
        for one in self._about(asked):
            if one.expires is not None and time.time() * 1000 >= one.expires:
                continue
            subject = one.subject(asked)
            if subject is not None:
                throttles.append(one)
                tokens.append((f"{one.key} {subject}", one.interval, one.patience))
        return throttles, tokens

    def _sort_in(self, one: Throttle) -> None:
        if one.match == ANYTHING:
            self._of_all += (one,)
        elif one.scope == "route":
            self._of_routes += (one,)
        elif one.scope == "token" and one.match:
            self._of_tokens += (one,)
        elif one.scope == "client":
            for network in networks((one.match,)):
                key = block_key(network)
                self._of_networks[key] = (*self._of_networks.get(key, ()), one)

    def _about(self, asked: Asked) -> tuple[Throttle, ...]:
        found = self._of_all
        if self._of_networks:
            for key in lookup.keys_of(asked.client, self._lengths):
                found += self._of_networks.get(key, ())
        if self._of_tokens and asked.token:
            found += tuple(one for one in self._of_tokens if asked.token.startswith(one.match))
        if self._of_routes:
            found += self._of_route(asked.route)
        return found

    def _of_route(self, route: str) -> tuple[Throttle, ...]:
        known = self._known_routes.get(route)
        if known is None:
            if len(self._known_routes) >= _MOST_ROUTES:
                self._known_routes.clear()
            known = self._known_routes[route] = tuple(one for one in self._of_routes if one.is_about(route))
        return known
