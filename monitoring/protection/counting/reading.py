"""Reading who is over a limit, and what they did, from the rows of all shards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, QuerySet, Sum

from monitoring.address import block_network, parse

from .models import ErrorTally
from .tally import Key, Tally, Window, unpack

_MOST_CLIENTS, _MOST_ROUTES = 20_000, 500
"""Of those that are over their limits, those with the most errors."""
_MOST_BLAMED = 500
_COLUMNS = ("client", "service", "route", "recent", "buckets", "samples")
_LOADED_ROUTES = 5_000
Route = tuple[str, str]
"""Service and route."""


@dataclass(frozen=True)
class Over:
    """Who may be over a limit, those with the most errors first.

    Attributes:
        begins: Milliseconds since the epoch from when on errors count.
        clients: With the time of their latest error, in milliseconds since the epoch.
        routes: The routes.
    """

    begins: int
    clients: Sequence[tuple[str, int]]
    routes: Sequence[Route]


@dataclass(frozen=True)
class Tallies:
    """What is known of clients and routes that may be over their limits.

    Attributes:
        clients: Those clients, and others that failed on those routes lately.
        routes: Those routes.
        found: The tallies of these clients, alone and on each route, and of all routes that are among them.
        routes_of: By client the routes on which it failed.
    """

    clients: tuple[str, ...]
    routes: tuple[Route, ...]
    found: Mapping[Key, Tally]
    routes_of: Mapping[str, Collection[Route]]

    def get(self, client: str = "", route: Route = ("", "")) -> Tally:
        """Return the errors of a client, on a route, or of the one on the other."""
        return self.found.get((client, *route)) or Tally()


def over(window: Window, begins: int, alias: str) -> Over:
    """Return who may be over a limit.

    Args:
        window: What is a crossed limit.
        begins: Milliseconds since the epoch from when on errors count.
        alias: The database.
    """
    recent = ErrorTally.objects.using(alias).filter(last__gt=begins)
    clients = _most(recent.exclude(client="").filter(route=""), window, _MOST_CLIENTS, "client")
    routes = _most(recent.filter(client=""), window, _MOST_ROUTES, "service", "route")
    return Over(begins, clients, [(service, route) for service, route, _ in routes])


def _most(rows: QuerySet[ErrorTally], window: Window, most: int, *keys: str) -> list[Any]:
    """Return groups whose errors may be more than the limit allows, the largest first, each with its latest time."""
    grouped = rows.values(*keys).annotate(all=Sum("seen"), latest=Max("last")).filter(all__gt=window.limit)
    return list(grouped.order_by("-all", *keys).values_list(*keys, "latest")[:most])


def read(clients: Sequence[str], routes: Sequence[Route], window: Window, alias: str) -> Tallies:
    """Read what is known of clients and routes, and of who else failed lately on these routes.

    Args:
        clients: Networks in their canonical spelling.
        routes: Routes that may be over their limits.
        window: What is a crossed limit.
        alias: The database.
    """
    rows = ErrorTally.objects.using(alias)
    found = load(rows.filter(client="", service__in={s for s, _ in routes}, route__in={r for _, r in routes}), window)
    blamed = [sample["client"] for route in routes for sample in reversed((found.get(("", *route)) or Tally()).samples)]
    wanted = list(dict.fromkeys([*clients, *_networks(blamed)[:_MOST_BLAMED]]))
    found |= load(rows.filter(client__in=wanted), window)
    routes_of: dict[str, list[Route]] = defaultdict(list)
    for client, service, route in found:
        if client and route:
            routes_of[client].append((service, route))
    missing = {route for ones in routes_of.values() for route in ones if ("", *route) not in found}
    asked = sorted(missing)[:_LOADED_ROUTES]
    found |= load(rows.filter(client="", service__in={s for s, _ in asked}, route__in={r for _, r in asked}), window)
    return Tallies(tuple(wanted), tuple(routes), found, routes_of)


def _networks(addresses: Iterable[str]) -> list[str]:
    """Return the networks of addresses that are known, each once."""
    known = (parse(address) for address in addresses)
    return list(dict.fromkeys(str(block_network(one)) for one in known if one is not None))


def load(rows: QuerySet[ErrorTally], window: Window) -> dict[Key, Tally]:
    """Return tallies, those of all shards put together."""
    found: dict[Key, Tally] = {}
    for client, service, route, recent, buckets, samples in rows.values_list(*_COLUMNS):
        found.setdefault((client, service, route), Tally()).add(unpack(bytes(recent), bytes(buckets), samples), window)
    return found
