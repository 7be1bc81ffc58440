"""Whose request it is: the client's address, past the proxies that are trusted and no further. Pure functions.

`X-Forwarded-For` is what anybody may write. It is believed only when it comes from a trusted proxy, and read from the
right: each proxy appends who spoke to it, so the first address that is no trusted proxy's is the client's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from monitoring.forms import Network, network, plain

Address = IPv4Address | IPv6Address
FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"
_FORWARDING = frozenset(
    {
        "HTTP_CF_CONNECTING_IP",
        "HTTP_CLIENT_IP",
        "HTTP_FORWARDED",
        "HTTP_TRUE_CLIENT_IP",
        "HTTP_VIA",
        "HTTP_X_CLIENT_IP",
        "HTTP_X_CLUSTER_CLIENT_IP",
        "HTTP_X_ORIGINAL_FORWARDED_FOR",
        "HTTP_X_REAL_IP",
    }
)
_FORWARDED_PREFIX = "HTTP_X_FORWARDED_"
_GIVEN_TO_CUSTOMERS = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"))
"""Of these networks each customer or link is given a /64."""


@lru_cache(maxsize=1_000)
def parse(text: str) -> Address | None:
    """Read an address as servers and proxies write it: in brackets, with a port, mapped or translated into IPv6.

    Returns:
        The address, an IPv4 one always as such; None for what is no address.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # IPv6 has more, or none
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return plain(address)


@lru_cache(maxsize=100)
def networks(given: tuple[str, ...]) -> tuple[Network, ...]:
    """Read networks of a setting; those that are none are left out, the system check names them."""
    return tuple(found for text in given if (found := network(text)) is not None)


def is_in(address: Address | None, within: Iterable[Network]) -> bool:
    """Whether an address lies in one of these networks; an unknown one lies in none."""
    return address is not None and any(address in one for one in within)


def peer_of(meta: Mapping[str, Any]) -> Address | None:
    """Return who is connected to this server; None on a Unix socket."""
    return parse(str(meta.get("REMOTE_ADDR") or ""))


def client_of(meta: Mapping[str, Any], proxies: Iterable[Network]) -> Address | None:
    """Return the address of the client.

    Args:
        meta: `request.META`.
        proxies: Networks of the trusted proxies.

    Returns:
        The address; the furthest proxy's when there are only proxies; None when a trusted proxy passed on what is no
        address.
    """
    proxies = tuple(proxies)
    address = peer_of(meta)
    for hop in reversed(_hops(meta)):
        if not is_in(address, proxies):
            break
        address = parse(hop)
    return address


def _hops(meta: Mapping[str, Any]) -> list[str]:
    forwarded = str(meta.get(FORWARDED_FOR) or "")
    return forwarded.split(",") if forwarded else []


def is_forwarded(meta: Mapping[str, Any]) -> bool:
    """Whether a proxy handed the request on, as far as headers tell."""
    return any(key in _FORWARDING or key.startswith(_FORWARDED_PREFIX) for key in meta)


def block_network(address: Address) -> Network:
    """Return the network of a client: of IPv6 the /64 that one customer is given.

    An IPv4 address is a client alone, as is one of IPv6 of which nobody is given many: loopback, link-local.
    """
    bits = 64 if is_in(address, _GIVEN_TO_CUSTOMERS) else address.max_prefixlen
    return ip_network((address, bits), strict=False)


def block_key(network: Network) -> str:
    """Return how a network is looked up among decisions: its version, its length, and its leading bits in hex."""
    rest = network.max_prefixlen - network.prefixlen
    return f"{network.version}:{network.prefixlen}:{int(network.network_address) >> rest:x}"
