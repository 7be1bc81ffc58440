"""Whose request it is, as recording tells it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from monitoring.address import FORWARDED_FOR, client_of, networks
from monitoring.conf import get_config

_CACHED = 2_000


def client_address(meta: dict[str, Any]) -> str:
    """Return the address of the client of a request, past trusted proxies alone; empty where it is not known."""
    return _client(str(meta.get("REMOTE_ADDR") or ""), str(meta.get(FORWARDED_FOR) or ""))


@lru_cache(maxsize=_CACHED)
def _client(peer: str, forwarded: str) -> str:
    found = client_of({"REMOTE_ADDR": peer, FORWARDED_FOR: forwarded}, networks(get_config().trusted_proxies))
    return str(found) if found is not None else ""


def forget() -> None:
    """Forget addresses, as the trusted proxies may have changed."""
    _client.cache_clear()
