"""A client is found among blocked networks exactly if it is in one of them, whatever is blocked."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.address import Network, block_key, parse
from monitoring.recording.enforcement import lookup
from monitoring.stream.decisions import Entry
from tests.properties import FEW

from .conftest import in_seconds

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    address = draw(addresses)
    return ip_network((address, draw(st.integers(0, address.max_prefixlen))), strict=False)


def near(network: Network, chance: int) -> IPv4Address | IPv6Address:
    """An address at the edge of a network, or just beyond."""
    ends = [network.network_address, network.broadcast_address]
    number = int(ends[chance % 2]) + (chance % 3) - 1
    return type(network.network_address)(number % 2**network.max_prefixlen)


@FEW
@given(blocked=st.sets(networks(), max_size=12), clients=st.lists(addresses, max_size=6), chance=st.integers(0, 5))
def test_it_agrees_with_python_about_every_set_of_networks(
    blocked: set[Network], clients: list[Any], chance: int
) -> None:
    held = {block_key(network): Entry(str(network), in_seconds(60)) for network in blocked}
    lengths = lookup.lengths_of(held)
    for address in (*clients, *(near(network, chance) for network in blocked)):
        client = parse(str(address))
        assert client is not None
        found = lookup.first(held, lookup.keys_of(str(client), lengths))
        assert (found is not None) == any(client in network for network in blocked)
        assert found is None or client in ip_network(found.value)


@pytest.mark.parametrize("text", ["", "4", "4:", "4:33", "6:129", "5:8", "4:-1", "x:8", "4:8:1", "4:²"])
def test_what_is_no_length_is_left_out(text: str) -> None:
    assert not lookup.lengths(frozenset({text}))


@pytest.mark.parametrize("client", ["", "unknown", "1.2.3", "example.com"])
def test_what_is_no_address_is_in_no_network(client: str) -> None:
    everything = lookup.lengths(frozenset({"4:0", "6:0"}))
    assert lookup.keys_of(client, everything) == ()
    assert not lookup.is_within(client, ("0.0.0.0/0", "::/0"))


def test_a_decision_that_is_over_is_passed_by() -> None:
    held = {"4:32:1020304": Entry("x", in_seconds(-1)), "4:24:10203": Entry("wider", in_seconds(60))}
    found = lookup.first(held, lookup.keys_of("1.2.3.4", lookup.lengths_of(held)))
    assert found == held["4:24:10203"]


def test_who_shares_a_bucket_is_one_address_or_by_ipv6_one_customer() -> None:
    assert lookup.neighbourhood("1.2.3.4") == "1.2.3.4"
    one, other = (lookup.neighbourhood(f"2001:db8:0:{part}::1") for part in (1, 2))
    assert one == lookup.neighbourhood("2001:db8:0:1:ffff::") != other
