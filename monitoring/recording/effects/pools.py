"""Pools of connections to PostgreSQL, as Django's `OPTIONS["pool"]` makes them: grown here, and shrunk again.

A pool that was not opened yet takes its size from the settings, which are therefore changed as well. What was the size
before stays known for as long as it is not the size.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any, NamedTuple

from .held import effects

KIND = "pool"
_PREFIX = "database:"
_BACKEND = "django.db.backends.postgresql.base"
_DEFAULT_SIZE = 4
"""That of psycopg's pool."""


class _Before(NamedTuple):
    """What is put back: the option as it stood in the settings, and the sizes that followed from it."""

    option: Any
    least: int
    most: int


_before: dict[str, _Before] = {}
_trimmed: set[str] = set()
"""Pools that may hold more connections than they should, as those were in use when they were shrunk."""


def follow() -> None:
    """Have this process's pools resized when recovery says so."""
    effects.register(KIND, apply)
    effects.offer("pools", held, volatile=True)


def held() -> dict[str, Any] | None:
    """Return the pools that settings ask for, by alias: their sizes now and as configured, and who waits.

    `timeouts` is how often somebody has waited in vain since the pool was opened.
    """
    found: dict[str, Any] = {}
    for alias, options in _pooled().items():
        before = _before.get(alias)
        most = _sizes(options["pool"])[1]
        told: dict[str, Any] = {"most": most, "configured": before.most if before else most, "opened": False}
        pool = _opened(alias)
        if pool is not None:
            if alias in _trimmed and _trim(pool, pool.max_size):
                _trimmed.discard(alias)
            stats = pool.get_stats()
            told |= {
                "opened": True,
                "most": pool.max_size,
                "size": stats.get("pool_size", 0),
                "waiting": stats.get("requests_waiting", 0),
                "timeouts": stats.get("requests_errors", 0),
            }
        found[alias] = told
    return found or None


def apply(key: str, value: dict[str, Any] | None) -> str | None:
    """Give a pool another most, or its own again.

    Args:
        key: `database:<alias>`.
        value: With the `most` connections that it may hold; None when the effect ends.
    """
    alias = key.removeprefix(_PREFIX)
    options = _pooled().get(alias)
    if options is None:
        return f"The database {alias!r} has no pool here; OPTIONS['pool'] makes one."
    if value is None:
        before = _before.pop(alias, None)
        if before is not None:
            options["pool"] = before.option
            _resize(alias, before.least, before.most)
        return None
    before = _before.setdefault(alias, _Before(options["pool"], *_sizes(options["pool"])))
    most = max(int(value["most"]), before.most)
    own = before.option if isinstance(before.option, dict) else {}
    options["pool"] = {**own, "min_size": before.least, "max_size": most}
    _resize(alias, before.least, most)
    return None


def _pooled() -> dict[str, dict[str, Any]]:
    """Return the options of the databases that have a pool, by alias."""
    if "django.db" not in sys.modules:
        return {}
    from django.conf import settings

    if not settings.configured:
        return {}
    from django.db import connections

    return {
        alias: found["OPTIONS"]
        for alias, found in connections.settings.items()
        if found.get("OPTIONS", {}).get("pool") and "sqlite" not in found["ENGINE"]
    }


def _sizes(option: Any) -> tuple[int, int]:
    given = option if isinstance(option, dict) else {}
    least = int(given.get("min_size", _DEFAULT_SIZE))
    most = given.get("max_size")
    return least, least if most is None else int(most)


def _opened(alias: str) -> Any:
    """Return the pool of a database, if any connection was asked of it in this process."""
    backend = sys.modules.get(_BACKEND)
    pool = backend.DatabaseWrapper._connection_pools.get(alias) if backend is not None else None
    return None if pool is None or pool.closed else pool


def _resize(alias: str, least: int, most: int) -> None:
    pool = _opened(alias)
    if pool is None:
        return
    shrinks = most < pool.max_size
    pool.resize(least, most)
    if shrinks and not _trim(pool, most):
        _trimmed.add(alias)


def _trim(pool: Any, most: int) -> bool:
    """Close idle connections beyond a number, as the pool itself would one in ten minutes; return whether none is left.

    The pool offers no way to; what it does when it shrinks by itself is done at once.
    """
    try:
        while True:
            with pool._lock:
                if pool._nconns <= most:
                    return True
                if not pool._pool:
                    return False
                surplus = pool._pool.popleft()
                pool._nconns -= 1
                pool._nconns_min = min(pool._nconns_min, len(pool._pool))
            with contextlib.suppress(Exception):
                surplus.close()
    except AttributeError:  # another version's pool: it shrinks in its own time
        return True
