"""Clear what is cached: by alias and pattern, for everybody who has it, and so that it can be put back.

A cache in Redis has its keys renamed away; those that live in each process's memory are cleared by the processes. What
is cached anywhere else could not be put back, and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import transaction

from monitoring.recording.resilience.caches import KIND
from monitoring.recovery import effects
from monitoring.recovery.effects.acknowledging import Wanted
from monitoring.stream.heartbeats import Heartbeat

from . import keys_aside
from .base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy

_SECONDS = 600.0
"""For so long it can be put back; what was aside is gone then."""
_MAX_PATTERN = 200


class CacheClear(Strategy):
    """The errors of a case say which cache and which keys (`cache_alias`, `clear_pattern`); all of the default else."""

    name = "cache_clear"
    label = "Cache Clear"
    reach = Reach.CONTAINED
    success_rate = 0.80
    defaults = {"cache_type": "redis", "clear_pattern": "*", "graceful": True}
    transactional = False

    def plan(self, case: Case, site: Site) -> Plan:
        """See what would be cleared, and that it could be put back."""
        alias, pattern = _wanted(case)
        cache = _cache(alias, case, site)
        if isinstance(cache, RedisCache):
            count = len(_found(cache, alias, pattern, site).keys)
            if not count:
                raise RefusedError(f"The cache {alias!r} holds no key that matches {pattern!r}.")
            kind, what = "redis", f"{count} keys"
        else:
            if not effects.targets(site, case.service, _having(alias)):
                raise RefusedError(f"No process lives that has the cache {alias!r} in its memory.")
            kind, what = "locmem", "the keys that each process has"
        return Plan(
            target=f"cache:{case.service}:{alias}",
            parameters={"cache_type": kind, "cache_alias": alias, "clear_pattern": pattern, "graceful": True},
            says=f"Clear {what} of the cache {alias!r} that match {pattern!r}; they can be put back for "
            f"{_SECONDS / 60:g} minutes, unless they are written anew.",
            seconds=_SECONDS,
        )

    def apply(self, order: Order, site: Site) -> Applied:
        """Put the keys aside."""
        wanted = order.plan.parameters
        alias, pattern = str(wanted["cache_alias"]), str(wanted["clear_pattern"])
        cache = _cache(alias, order.case, site)
        if isinstance(cache, RedisCache):
            return self._in_redis(cache, alias, pattern, order, site)
        value = {
            "pattern": pattern,
            "at": order.now.timestamp(),
            "until": (order.now + timedelta(seconds=_SECONDS)).timestamp(),
        }
        with transaction.atomic(using=site.alias):
            effects.put(KIND, alias, value, order, alias=site.alias, seconds=_SECONDS)
        site.project()
        return Applied(f"Processes were told to clear {pattern!r} of their cache {alias!r}.", undo={"alias": alias})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:  # noqa: ARG002  # all are called alike
        """See whether keys are aside, or whether the processes say that they cleared theirs."""
        alias = str(order.plan.parameters["cache_alias"])
        cache = _cache(alias, order.case, site)
        if isinstance(cache, RedisCache):
            try:
                count = keys_aside.aside(_client(cache), _index(order, site))
            except redis.RedisError as error:
                return Seen(None, _away(alias, error))
            says = f"{count or 0} keys of the cache {alias!r} are aside."
            return Seen(bool(count), says, {"aside": count or 0})
        row = effects.Effect.objects.using(site.alias).filter(action_id=order.id).first()
        if row is None:
            return Seen(False, "No process was told.")
        said = effects.acknowledgement(row, site, _having(alias))
        return Seen(said.effect, said.says(), said.facts())

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:  # noqa: ARG002  # the order tells all
        """Put back what was not written anew meanwhile."""
        alias = str(order.plan.parameters["cache_alias"])
        cache = _cache(alias, order.case, site)
        if not isinstance(cache, RedisCache):
            rows = effects.Effect.objects.using(site.alias).filter(action_id=order.id)
            if not rows.standing(order.now).exists():  # each process lets go by itself of what is over
                return "That was over already."
            with transaction.atomic(using=site.alias):
                effects.end(order.id, site.alias, by=self.name)
            site.project()
            return f"Processes were told to put theirs back of {alias!r}."
        try:
            back = keys_aside.put_back(_client(cache), _index(order, site))
        except redis.RedisError as error:
            raise RefusedError(_away(alias, error)) from error
        return "Nothing is aside any more." if back is None else f"{back} keys of the cache {alias!r} are back."

    def _in_redis(self, cache: RedisCache, alias: str, pattern: str, order: Order, site: Site) -> Applied:
        found = _found(cache, alias, pattern, site)
        try:
            count = keys_aside.put_aside(found, _index(order, site), _SECONDS)
        except redis.RedisError as error:
            raise RefusedError(_away(alias, error)) from error
        if not count:
            raise RefusedError(f"The cache {alias!r} holds no key that matches {pattern!r} any more.")
        says = f"{count} keys of the cache {alias!r} that match {pattern!r} were put aside."
        return Applied(says, undo={"alias": alias}, facts={"aside": count})


def _wanted(case: Case) -> tuple[str, str]:
    """Return the alias and the pattern that a case is about."""
    alias = case.facts.get("cache_alias", DEFAULT_CACHE_ALIAS)
    pattern = case.facts.get("clear_pattern", CacheClear.defaults["clear_pattern"])
    if not (isinstance(alias, str) and isinstance(pattern, str) and 0 < len(pattern) <= _MAX_PATTERN):
        raise RefusedError("The error names no cache, or no pattern, that could be understood.")
    return alias, pattern


def _cache(alias: str, case: Case, site: Site) -> BaseCache:
    """Return a cache that can be cleared and put back.

    Raises:
        RefusedError: It is none.
    """
    if case.service != site.config.service:
        raise RefusedError(f"The caches of {case.service} are configured elsewhere.")
    if alias not in settings.CACHES:
        raise RefusedError(f"There is no cache {alias!r}.")
    cache = caches[alias]
    if not isinstance(cache, RedisCache | LocMemCache):
        backend = type(cache).__name__
        raise RefusedError(f"The cache {alias!r} is a {backend}, of which nothing could be put back.")
    return cache


def _found(cache: RedisCache, alias: str, pattern: str, site: Site) -> keys_aside.Found:
    try:
        return keys_aside.find(cache, alias, pattern, site.config.stream_prefix)
    except redis.RedisError as error:
        raise RefusedError(_away(alias, error)) from error


def _client(cache: RedisCache) -> Any:
    return cache._cache.get_client(None, write=True)  # where it writes itself


def _index(order: Order, site: Site) -> str:
    """Return under which name it is remembered what an order put aside."""
    return f"{site.config.stream_prefix}:aside:{order.id}"


def _having(alias: str) -> Wanted:
    """Return who says whether a process has a cache in its memory."""

    def wanted(one: Heartbeat) -> str | None:
        can = one.state.get("can")
        caches_held = can.get("caches") if isinstance(can, dict) else None
        return None if isinstance(caches_held, list) and alias in caches_held else "It has no such cache."

    return wanted


def _away(alias: str, error: Exception) -> str:
    return f"The Redis of the cache {alias!r} does not do it: {error}"
