"""Grow the pools of connections to a database that somebody waited for in vain.

Every process has a pool of its own, so what one gets is multiplied by their number, and must fit into what the server
has left. More connections to a server that is full, or without anybody who waits, would only do harm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS

from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Wanted
from monitoring.stream.heartbeats import Heartbeat

from . import in_force
from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy
from .server_slots import slots

_KIND = "pool"
_SECONDS = 1800.0
_EVIDENCE = ("pooltimeout", "couldn't get a connection after", "toomanyrequests")
_FULL = ("too many clients", "remaining connection slots", "too many connections for")


class _Pool(NamedTuple):
    """The pool of one process, as it says itself, or as its parent says of it."""

    most: int
    size: int
    waiting: int
    timeouts: int


class PoolIncrease(Strategy):
    """Each process's pool gets the documented size in proportion, or as much of it as the server can bear."""

    name = "pool_increase"
    label = "Pool Increase"
    reach = Reach.CONTAINED
    success_rate = 0.85
    defaults = {"resource": "db_connection_pool", "current_size": 10, "new_size": 25, "increment_percent": 150}

    def plan(self, case: Case, site: Site) -> Plan:
        """See who has a pool, whether it was too small, and what the server has left."""
        _not_full(case)
        alias, pools = _pools(case, site)
        _evidence(case, alias, pools)
        current, count = max(pool.most for pool in pools), len(pools)
        server = slots(alias)
        # What pools may grow by already is theirs, though they do not use it yet.
        promised = sum(max(pool.most - pool.size, 0) for pool in pools)
        room = (server.free - promised) // count
        wanted = math.ceil(current * (1 + self.defaults["increment_percent"] / 100))
        new = min(wanted, current + room)
        told = f"{server.used} of {server.most} connections are used, {promised} more are promised to pools"
        if new <= current:
            raise RefusedError(f"The server has no room for {count} more connections, one each process: {told}.")
        return Plan(
            target=f"pool:{case.service}:{alias}",
            parameters={
                "resource": "db_connection_pool",
                "current_size": current,
                "new_size": new,
                "increment_percent": round((new / current - 1) * 100),
                "database": alias,
                "processes": count,
            },
            says=f"Let the pools of {alias!r} in {count} processes grow from {current} to {new} connections each for "
            f"{_SECONDS / 60:g} minutes; {told}.",
            seconds=_SECONDS,
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Have the processes resize their pools."""
        wanted = order.plan.parameters
        alias, new = str(wanted["database"]), int(wanted["new_size"])
        value = {"most": new}
        effects.put(_KIND, f"database:{alias}", value, order, alias=site.alias, seconds=order.plan.seconds)
        facts = {"before": wanted["current_size"], "after": new}
        return Applied(f"Pools of {alias!r} may hold {new} connections each.", {"database": alias}, facts)

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether the processes say that they did."""
        return in_force.seen(order, site, _having(str(order.plan.parameters["database"])))

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        """Give the pools their own sizes back; connections that are idle beyond them are closed."""
        ended = in_force.end(order, site, self.name)
        return f"Pools of {undo['database']!r} have their own sizes again." if ended else "That was over already."


def _not_full(case: Case) -> None:
    if any(word in case.message.lower() for word in _FULL):
        raise RefusedError("The server itself has no connections left: larger pools would take them from others.")


def _pools(case: Case, site: Site) -> tuple[str, list[_Pool]]:
    """Return the database that the case is about, and the pools that processes have of it."""
    found: dict[str, list[_Pool]] = {}
    living = effects.living(site, case.service)
    for one in living:
        for alias in in_force.told(one, "pools"):
            pool = _read(one, alias)
            if pool is not None:
                found.setdefault(alias, []).append(pool)
            elif _forks(one) and (inherited := _told(one, alias)) is not None:
                found.setdefault(alias, []).extend([inherited] * _silent(one, living))
    found = {alias: pools for alias, pools in found.items() if pools}
    if not found:
        raise RefusedError("No process has a pool of connections; OPTIONS['pool'] of a database makes one.")
    named = case.facts.get("database")
    if isinstance(named, str):
        if named not in found:
            raise RefusedError(f"No process has a pool of the database {named!r}.")
        return named, found[named]

    def strain(alias: str) -> tuple[int, int, bool]:
        pools = found[alias]
        waiting, timeouts = sum(pool.waiting for pool in pools), sum(pool.timeouts for pool in pools)
        return waiting, timeouts, alias == DEFAULT_DB_ALIAS

    alias = max(found, key=strain)
    return alias, found[alias]


def _evidence(case: Case, alias: str, pools: list[_Pool]) -> None:
    """Make sure that somebody waits for a connection of the pool, or has in vain."""
    text = f"{case.exception_type} {case.message}".lower()
    if any(word in text for word in _EVIDENCE) or any(pool.waiting for pool in pools):
        return
    raise RefusedError(f"Nobody waits for a connection of the pool of {alias!r}: a larger one would not help.")


def _forks(one: Heartbeat) -> bool:
    """Whether this is the main process of a prefork worker, which runs no task and so needs no connection itself."""
    return one.kind == "worker" and one.state.get("pool") == "prefork"


def _silent(parent: Heartbeat, living: list[Heartbeat]) -> int:
    """Return how many processes of a worker's pool have said nothing yet: they will have the pool that it tells of."""
    host, pid = parent.state.get("host"), parent.state.get("pid")
    heard = [one for one in living if one.state.get("parent") == pid and one.state.get("host") == host]
    forked = parent.state.get("processes")
    return max((len(forked) if isinstance(forked, list) else 0) - len(heard), 0)


def _read(one: Heartbeat, alias: str) -> _Pool | None:
    """Return the pool that a process has itself."""
    return None if _forks(one) else _told(one, alias)


def _told(one: Heartbeat, alias: str) -> _Pool | None:
    said = in_force.told(one, "pools").get(alias)
    if not isinstance(said, dict):
        return None
    numbers = {key: value for key, value in said.items() if isinstance(value, int)}
    most = numbers.get("most", 0)
    if most < 1:
        return None
    return _Pool(most, numbers.get("size", 0), numbers.get("waiting", 0), numbers.get("timeouts", 0))


def _having(alias: str) -> Wanted:
    def wanted(one: Heartbeat) -> str | None:
        return None if _read(one, alias) is not None else f"It has no pool of {alias!r}."

    return wanted
