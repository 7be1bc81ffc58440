"""Which networks nobody blocks by hand: who did would lock out themselves, or everybody. Pure functions over values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from monitoring.address import Address, block_network
from monitoring.forms import Network

SHORTEST = {4: 8, 6: 32}
"""Lengths of the widest networks that may be blocked, by version."""
_LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True)
class Ground:
    """What a block must not meet.

    Attributes:
        own: Address of who asks for it; None where it is not known.
        mode: What becomes of requests of blocked clients: `enforce`, `dry_run` or `off`.
        proxies: Trusted proxies, whose address many clients have.
        allowed: The allow-list.
        admins: From where staff members acted lately.
    """

    own: Address | None = None
    mode: str = "enforce"
    proxies: Collection[Network] = ()
    allowed: Collection[Network] = ()
    admins: Collection[Address] = ()


def client(network: Network) -> Network:
    """Return what is blocked where a single address was named: of IPv6 the /64, which one customer is given."""
    return block_network(network.network_address) if network.prefixlen == network.max_prefixlen else network


def refusal(network: Network, ground: Ground) -> str | None:
    """Say why a network is not blocked; None for one that may be.

    Args:
        network: As `client` returns it.
        ground: What it must not meet.
    """
    return next(_reasons(network, ground), None)


def _reasons(network: Network, ground: Ground) -> Iterator[str]:
    shortest = SHORTEST[network.version]
    if network.prefixlen < shortest:
        yield f"That is too wide: of IPv{network.version} a /{shortest} at most can be blocked."
    if _meets(network, _LOOPBACK):
        yield "That is this machine itself."
    if ground.own is not None and ground.own in network:
        yield f"You act from {ground.own} yourself."
    if met := _meets(network, ground.proxies):
        yield f"{met} is a trusted proxy, whose clients would all be refused."
    if met := next((one for one in ground.allowed if _covers(one, network)), None):
        yield f"{met} is on the allow-list, whose requests are never refused."
    # Who blocks one address by itself may know that a stolen token acted from there; nobody means it by a wide network.
    others = sorted(str(one) for one in ground.admins if one in network)
    if others and network != block_network(network.network_address):
        yield f"Staff members act from there: {', '.join(others[:3])}."
    if ground.mode != "enforce":
        yield f"MONITORING['PROTECTION'] is {ground.mode!r}: no request is refused, so that a block would do nothing."


def _meets(network: Network, others: Collection[Network]) -> Network | None:
    return next((one for one in others if one.version == network.version and one.overlaps(network)), None)


def _covers(wide: Network, network: Network) -> bool:
    return wide.version == network.version and wide.supernet_of(network)  # type: ignore[arg-type]
