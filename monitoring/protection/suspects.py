"""Whom a crossed limit may be held against, and with what evidence. Pure functions over tallies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.address import block_network, parse
from monitoring.forms import network as read_network

from .blocks.models import Crossed
from .counting.reading import Route, Tallies
from .counting.tally import Sample, Window
from .policy import Suspect

_SAMPLES, _ROUTES, _ADDRESSES = 20, 20, 20


@dataclass(frozen=True)
class Case:
    """A suspect, and what is kept of it if it is blocked.

    Attributes:
        suspect: What the policy looks at.
        crossed: Which limit.
        count: Errors that crossed the limit.
        route: Where that was or, for the limit of the client, where most of its errors were.
        addresses: Whence they came.
        evidence: Samples of the client's errors, and the routes on which it failed.
    """

    suspect: Suspect
    crossed: Crossed
    count: int
    route: str
    addresses: tuple[str, ...]
    evidence: dict[str, Any]


@dataclass(frozen=True)
class View:
    """From when and until when errors count, in milliseconds since the epoch.

    Attributes:
        window: What is a crossed limit.
        now: The end.
        since: After the last outage.
        later: By client, where its errors count from a later time on: after the last block of it.
    """

    window: Window
    now: int
    since: int
    later: Mapping[str, int]

    def since_of(self, client: str) -> int:
        """Return from when the errors of a client count."""
        return max(self.since, self.later.get(client, 0))


def cases(tallies: Tallies, view: View) -> Iterator[Case]:
    """Yield each client that crossed a limit, or failed on a route that did, at most once for each of the two."""
    for client in tallies.clients:
        if tallies.get(client).crosses(view.window, view.since_of(client), view.now):
            yield _case(tallies, view, client, None)
    for route in failing(tallies, view):
        for client in _seen_on(tallies, view, route):
            if _is_over(tallies, view, client, route):
                yield _case(tallies, view, client, route)


def failing(tallies: Tallies, view: View) -> list[Route]:
    """Return the routes that are over their limit."""
    routes = tallies.routes
    return [route for route in routes if tallies.get("", route).crosses(view.window, view.since, view.now)]


def _seen_on(tallies: Tallies, view: View, route: Route) -> list[str]:
    """Return the clients among the latest errors on a route, the last one first."""
    found = (
        parse(sample["client"]) for sample in reversed(tallies.get("", route).samples) if sample["at"] > view.since
    )
    clients = dict.fromkeys(str(block_network(address)) for address in found if address is not None)
    return [client for client in clients if tallies.get(client, route).last > view.since_of(client)]


def _is_over(tallies: Tallies, view: View, client: str, route: Route) -> bool:
    """Whether a route that is over its limit also is without what a client was blocked for already."""
    since, window = view.since_of(client), view.window
    if since == view.since:
        return True
    mine, everybody = tallies.get(client, route), tallies.get("", route)
    others = everybody.at_least(window, since, view.now) - mine.at_least(window, since, view.now)
    return mine.count(window, since, view.now) + max(0, others) > window.limit


def _case(tallies: Tallies, view: View, client: str, crossed: Route | None) -> Case:
    since = view.since_of(client)
    network = read_network(client)
    assert network is not None, client  # noqa: S101  # it was written by `str` of one
    by_route = {route: _own_and_all(tallies, view, client, route) for route in tallies.routes_of.get(client, ())}
    own, shared = (sum(counts[place] for counts in by_route.values()) for place in (0, 1))
    count = tallies.get(client).count(view.window, since, view.now)
    suspect = Suspect(network, Crossed.CLIENT, own, shared)
    most = max(by_route, key=lambda route: by_route[route][0], default=("", ""))
    if crossed is not None:
        count = tallies.get("", crossed).count(view.window, view.since, view.now)
        on_route, of_route = _own_and_all(tallies, view, client, crossed)
        last = tallies.get("", crossed).samples[-1]["client"]
        latest = (address := parse(last)) is not None and block_network(address) == network
        suspect = Suspect(network, Crossed.ROUTE, own, shared, on_route, of_route, latest)
        most = crossed
    limit = Crossed.CLIENT if crossed is None else Crossed.ROUTE
    return Case(suspect, limit, count, most[1], *_evidence(tallies, client, since, by_route))


def _own_and_all(tallies: Tallies, view: View, client: str, route: Route) -> tuple[int, int]:
    """Return the errors of a client on a route, and those of all clients there.

    Those of the others are rather too many than too few: they speak for the client. What this one did before its
    errors count is not among them.
    """
    since, mine = view.since_of(client), tallies.get(client, route)
    own = mine.count(view.window, since, view.now)
    everybody = tallies.get("", route).at_most(view.window, since, view.now)
    return own, own + max(0, everybody - mine.at_most(view.window, since, view.now))


def _evidence(
    tallies: Tallies, client: str, since: int, by_route: Mapping[Route, tuple[int, int]]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    samples: list[Sample] = [
        {**sample, "service": service, "route": route}
        for service, route in by_route
        for sample in tallies.get(client, (service, route)).samples
        if sample["at"] > since
    ]
    samples.sort(key=lambda sample: -int(sample["at"]))
    addresses = tuple(dict.fromkeys(sample["client"] for sample in samples))[:_ADDRESSES]
    routes = sorted(by_route.items(), key=lambda item: -item[1][0])[:_ROUTES]
    shown = [{"service": s, "route": r, "own": own, "all": every} for (s, r), (own, every) in routes]
    return addresses, {"samples": samples[:_SAMPLES], "routes": shown}
