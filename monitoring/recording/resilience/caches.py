"""Caches that live in the memory of each process: recovery has them cleared here, for a while, and put back.

An entry that was written anew meanwhile stays; what is put aside lives no longer than the effect.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache

from monitoring.recording import effects

KIND = "cache"
KEPT = "django.contrib.sessions."
"""Keys of sessions: without them everybody would be signed out."""
_PROBE = "probe"
_aside: dict[str, tuple[float, dict[str, tuple[bytes, float | None]]]] = {}
"""What was put aside, by alias: until when it may be put back, and the entries with their expiry."""
_SINCE = time.time()


def follow() -> None:
    """Have this process's caches cleared when recovery says so."""
    effects.register(KIND, apply)
    effects.offer("caches", held)


def held() -> list[str] | None:
    """Return the aliases of the caches that live in this process's memory; None where there are none."""
    return [alias for alias in settings.CACHES if isinstance(caches[alias], LocMemCache)] or None


def apply(alias: str, value: dict[str, Any] | None) -> str | None:
    """Put a cache's entries aside, or back.

    Args:
        alias: The cache.
        value: The `pattern` of the keys, `at` when that was decided and `until` when it is over, in seconds since the
            epoch; None when it ends: before its time what was put aside is put back.
    """
    if alias not in settings.CACHES or not isinstance(cache := caches[alias], LocMemCache):
        return f"No cache {alias!r} lives in this process's memory."
    until, entries = _aside.pop(alias, (0.0, {}))
    if value is None:
        if time.time() < until:
            _put_back(cache, entries)
        return None
    if value["at"] > _SINCE:  # what is cached here was cached before
        _aside[alias] = (float(value["until"]), _take(cache, str(value["pattern"])))
    return None


def _take(cache: Any, pattern: str) -> dict[str, tuple[bytes, float | None]]:
    base = str(cache.make_key(_PROBE)).removesuffix(_PROBE)
    taken: dict[str, tuple[bytes, float | None]] = {}
    with cache._lock:
        store: OrderedDict[str, bytes] = cache._cache
        for key in [one for one in store if one.startswith(base)]:
            name = key.removeprefix(base)
            if fnmatchcase(name, pattern) and not name.startswith(KEPT):
                taken[key] = (store.pop(key), cache._expire_info.pop(key, None))
    return taken


def _put_back(cache: Any, entries: dict[str, tuple[bytes, float | None]]) -> None:
    now = time.time()
    with cache._lock:
        for key, (stored, expires) in entries.items():
            fits = len(cache._cache) < cache._max_entries and (expires is None or expires > now)
            if fits and key not in cache._cache:
                cache._cache[key], cache._expire_info[key] = stored, expires
