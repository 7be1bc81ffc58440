"""Whose request it is, as recording tells it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from monitoring.address import FORWARDED_FOR, client_of, networks
from monitoring.conf import get_config

_CACHED = 2_000


def client_address(meta: Mapping[str, Any]) -> str:
    """Return the address of the client of a request, past trusted proxies alone; empty where it is not known."""
    return address_of(meta.get("REMOTE_ADDR"), meta.get(FORWARDED_FOR))


@lru_cache(maxsize=_CACHED)
def address_of(peer: object, forwarded: object) -> str:
    """Return the same, of who is connected and what `X-Forwarded-For` says."""
    told = {"REMOTE_ADDR": str(peer or ""), FORWARDED_FOR: str(forwarded or "")}
    found = client_of(told, networks(get_config().trusted_proxies))
    return str(found) if found is not None else ""


def forget() -> None:
    """Forget addresses, as the trusted proxies may have changed."""
    address_of.cache_clear()
