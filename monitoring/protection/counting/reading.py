"""Reading who is over a limit, and what they did, from the rows of all shards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from monitoring.address import block_network, parse

from .models import ErrorTally
from .tally import Key, Tally, Window, unpack

MOST = 500
"""Clients, and routes, that are looked at in one run: those with the most errors."""
_COLUMNS = ("client", "service", "route", "recent", "buckets", "samples")
_LOADED_ROUTES = 5_000
Route = tuple[str, str]
"""Service and route."""


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


def read(window: Window, now: int, alias: str) -> Tallies | None:
    """Read what is known of those that may be over a limit; None where nobody is.

    Args:
        window: What is a crossed limit.
        now: Milliseconds since the epoch.
        alias: The database.
    """
    rows = ErrorTally.objects.using(alias)
    recent = rows.filter(last__gt=now - window.milliseconds)
    clients = [client for client, _, _ in _over(recent.exclude(client="").filter(route=""), window)]
    routes = [(service, route) for _, service, route in _over(recent.filter(client=""), window)]
    if not clients and not routes:
        return None
    found = load(rows.filter(client="", service__in={s for s, _ in routes}, route__in={r for _, r in routes}), window)
    blamed = [sample["client"] for route in routes for sample in reversed((found.get(("", *route)) or Tally()).samples)]
    clients = list(dict.fromkeys([*clients, *_networks(blamed)[:MOST]]))
    found |= load(rows.filter(client__in=clients), window)
    routes_of: dict[str, list[Route]] = defaultdict(list)
    for client, service, route in found:
        if client and route:
            routes_of[client].append((service, route))
    missing = {route for ones in routes_of.values() for route in ones if ("", *route) not in found}
    asked = sorted(missing)[:_LOADED_ROUTES]
    found |= load(rows.filter(client="", service__in={s for s, _ in asked}, route__in={r for _, r in asked}), window)
    return Tallies(tuple(clients), tuple(routes), found, routes_of)


def _over(rows: QuerySet[ErrorTally], window: Window) -> list[Key]:
    """Return the keys whose errors may be more than the limit allows, those with the most first."""
    keys = ("client", "service", "route")
    grouped = rows.values(*keys).annotate(all=Sum("seen")).filter(all__gt=window.limit)
    return list(grouped.order_by("-all", *keys).values_list(*keys)[:MOST])


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
