"""Limit how often requests come: those of the one client whose errors are its own, or those to the route that fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import router

from monitoring.address import block_network, networks, parse
from monitoring.classification.kinds import ErrorType
from monitoring.forms import Network
from monitoring.protection.admins.reader import acting_admins
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.networks import read
from monitoring.protection.policy import ENFORCE
from monitoring.protection.throttles import actions
from monitoring.protection.throttles.limit import Limit, Scope
from monitoring.protection.throttles.models import Origin, Throttle, ThrottleQuerySet, ThrottleState

from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_SECONDS = 600.0
_MINUTE = 60
_WORDS = "Too many of these requests failed lately."
_OF_THE_CLIENT = frozenset(
    {
        ErrorType.VALIDATION_ERROR,
        ErrorType.AUTHENTICATION_ERROR,
        ErrorType.AUTHORIZATION_ERROR,
        ErrorType.NOT_FOUND,
        ErrorType.CONFLICT,
        ErrorType.RATE_LIMIT_ERROR,
        ErrorType.SECURITY_ERROR,
    }
)
_NEVER_SLOWED = ("api/monitoring/", "api/errors/", "api/health/", "monitoring/", "admin/", "metrics")
"""Whoever looks after the service comes by these, and comes more often while something is wrong."""


class RequestThrottle(Strategy):
    """A throttle that ends by itself.

    What a client brought upon itself, and what somebody unknown met with, limits that client alone: nobody can slow
    others down by making errors.
    """

    name = "request_throttle"
    label = "Request Throttle"
    reach = Reach.CONTAINED
    success_rate = 0.65
    defaults = {"requests_per_minute": 100, "burst_size": 10}

    def plan(self, case: Case, site: Site) -> Plan:
        """See whose requests would be limited, and that it would have an effect."""
        if site.config.protection != ENFORCE:
            raise RefusedError(f"Nobody's requests are refused here: PROTECTION is {site.config.protection!r}.")
        if not case.route:
            raise RefusedError("It did not happen in a request.")
        if not any(one.alive and one.kind == "web" for one in site.processes()):
            raise RefusedError("No process that answers requests is alive: none would keep a throttle.")
        scope, match, whose = _whose(case, site)
        standing = _rows(site.alias).in_state(ThrottleState.ACTIVE, datetime.now(UTC)).filter(scope=scope, match=match)
        if (other := standing.first()) is not None:
            raise RefusedError(f"Throttle {other.pk} limits {whose} already.")
        rate, burst = self.defaults["requests_per_minute"], self.defaults["burst_size"]
        return Plan(
            target=f"throttle:{scope}:{match}",
            parameters={**self.defaults, "scope": scope, "match": match},
            says=f"Let {whose} come {rate} times a minute, {burst} at once, for {_SECONDS / _MINUTE:g} minutes.",
            seconds=_SECONDS,
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Make the throttle."""
        row = _rows(site.alias).filter(created_by=_who(order)).first() or _make(order, site)
        limit = f"{row.rate * _MINUTE:g} times a minute, {row.burst} at once"
        says = (
            f"Throttle {row.pk}: requests of {row.scope} {row.match} may come {limit}, until {row.expires:%H:%M} UTC."
        )
        return Applied(says, undo={"throttle": row.pk}, facts={"throttle": row.pk})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether every process that answers requests has taken the throttle over."""
        row = _rows(site.alias).filter(created_by=_who(order)).first()
        if row is None:
            return Seen(False, "The throttle was never made.")
        facts = {"throttle": row.pk}
        if row.state(order.now) is not ThrottleState.ACTIVE:
            return Seen(False, f"Throttle {row.pk} was ended, or switched off, by somebody else.", facts)
        serving = [one.state.get("throttles") for one in site.processes() if one.alive and one.kind == "web"]
        told = sum(isinstance(held, list) and str(row.pk) in held for held in serving)
        says = f"{told} of {len(serving)} processes that answer requests keep throttle {row.pk}."
        facts |= {"processes": len(serving), "acknowledged": told}
        return Seen(True if serving and told == len(serving) else None, says, facts)

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG002  # the order tells all
        """End the throttle, if it still stands."""
        key = _rows(site.alias).filter(created_by=_who(order)).values_list("pk", flat=True).first()
        if key is None:
            return "No throttle was made."
        ended = actions.end(key, self.name, order.now)
        return f"Throttle {key} was ended." if ended else f"Throttle {key} had been ended already."


def _whose(case: Case, site: Site) -> tuple[str, str, str]:
    """Return the scope of the throttle, what it matches, and both in words.

    Raises:
        RefusedError: Nobody may be limited.
    """
    if 400 <= case.status < 500 or case.kind in _OF_THE_CLIENT or not case.authenticated:
        address = parse(case.client) if case.client else None
        if address is None:
            raise RefusedError("It is an error of its client, of whom the address is not known.")
        network = block_network(address)
        if (exempt := _exempt(network, site, datetime.now(UTC))) is not None:
            raise RefusedError(f"{network} is {exempt}, whose requests are never refused.")
        return Scope.CLIENT.value, str(network), f"requests of {network}"
    if case.route.startswith("<"):
        raise RefusedError("It happened on no route of its own.")
    if case.route.lstrip("^/").startswith(_NEVER_SLOWED):
        raise RefusedError(f"{case.route} is for those who look after the service: they are never slowed down.")
    match = case.name if case.name.endswith(f" {case.route}") else case.route
    return Scope.ROUTE.value, match, f"each client's requests to {match}"


def _exempt(network: Network, site: Site, now: datetime) -> str | None:
    """Say why nobody of a network is to be limited; None where they may be."""
    config, rows = site.config, AllowedNetwork.objects.using(site.alias).in_force(now).values_list("network", flat=True)
    allowed = [*networks(config.allowed_clients), *(found for one in rows if (found := read(one)) is not None)]
    groups = {
        "a trusted proxy": networks(config.trusted_proxies),
        "on the allow-list": tuple(allowed),
        "where staff act from": tuple(block_network(one) for one in acting_admins(now)),
    }
    for why, those in groups.items():
        if any(one.version == network.version and one.overlaps(network) for one in those):
            return why
    return None


def _make(order: Order, site: Site) -> Throttle:
    wanted = order.plan.parameters
    network = read(wanted["match"]) if wanted["scope"] == Scope.CLIENT else None
    # A plan may have waited an hour for its approval, which may have come from that very client.
    if network is not None and (exempt := _exempt(network, site, order.now)) is not None:
        raise RefusedError(f"{network} is {exempt}, whose requests are never refused.")
    limit = Limit(
        scope=wanted["scope"],
        match=wanted["match"],
        rate=wanted["requests_per_minute"] / _MINUTE,
        burst=wanted["burst_size"],
        per=Scope.CLIENT.value,
        reason=_WORDS,
    )
    if found := limit.problems():
        raise RefusedError(" ".join(f"{name}: {text}" for name, text in found.items()))
    until = order.now + timedelta(seconds=order.plan.seconds or _SECONDS)
    try:
        return actions.create(limit, _who(order), order.now, expires=until, origin=Origin.RECOVERY)
    except actions.TooManyError as error:
        raise RefusedError(str(error)) from None


def _who(order: Order) -> str:
    """Return who the throttle is said to be made by, which tells it from that of any other order."""
    return f"{RequestThrottle.name} {order.id}"


def _rows(alias: str) -> ThrottleQuerySet:
    return ThrottleQuerySet(Throttle, using=alias or router.db_for_write(Throttle))
