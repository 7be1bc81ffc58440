"""Where an address leads: to everybody's network, into ours, or to where nobody has to be asked. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from monitoring.address import Address, is_in
from monitoring.forms import Network


class Reach(Enum):
    """Where an address leads."""

    PUBLIC = "public"
    PRIVATE = "private"
    NOWHERE = "nowhere"


_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "::1",
        "fc00::/7",
    )
)
"""Networks of machines, sites and providers: an operator may mean an address in them."""
_METADATA = frozenset(
    ip_address(text)
    for text in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254")
)
"""Where clouds hand out credentials: they are link-local, but not all."""
_SPECIAL = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocols between neighbours
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4-compatible, long gone
        "64:ff9b:1::/48",  # NAT64 of a site
        "100::/64",  # discarded
        "2001::/23",  # Teredo, benchmarks, ORCHID
        "2002::/16",  # 6to4: the address in it may be any
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local, long gone
    )
)
"""Special networks beside those that the standard library knows."""
_NAT64 = IPv6Network("64:ff9b::/96")


def reach_of(address: Address) -> Reach:
    """Return where an address leads; one of IPv4 that is written as one of IPv6 leads where that does."""
    address = _plain(address)
    if address in _METADATA:
        return Reach.NOWHERE
    if is_in(address, _PRIVATE):
        return Reach.PRIVATE
    if is_in(address, _SPECIAL) or address.is_multicast or address.is_link_local or not address.is_global:
        return Reach.NOWHERE
    return Reach.PUBLIC


def is_allowed(address: Address, private: bool, networks: Iterable[Network]) -> bool:
    """Whether an address may be reached.

    Args:
        address: The one to connect to.
        private: Whether those in private networks may.
        networks: Where all may.
    """
    if is_in(_plain(address), networks):
        return True
    reach = reach_of(address)
    return reach is Reach.PUBLIC or (private and reach is Reach.PRIVATE)


def _plain(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
