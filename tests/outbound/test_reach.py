"""Where addresses lead, in whatever notation they come."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.outbound.reach import Reach, is_allowed, reach_of

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::8",
    "fc00::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
]
NOWHERE = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.1.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.1",
    "::",
    "::7f00:1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:7f00:1::",
    "2002:808:808::1",
    "64:ff9b:1::a00:1",
    "100::1",
]


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        *((text, Reach.PUBLIC) for text in PUBLIC),
        *((text, Reach.PRIVATE) for text in PRIVATE),
        *((text, Reach.NOWHERE) for text in NOWHERE),
    ],
)
def test_an_address_leads_where_the_registries_say(text: str, reach: Reach) -> None:
    assert reach_of(ip_address(text)) is reach


@given(some.integers(0, 2**32 - 1))
def test_no_notation_of_an_address_leads_further_than_its_own(number: int) -> None:
    plain = reach_of(IPv4Address(number))
    assert reach_of(IPv6Address((0xFFFF << 32) | number)) is plain
    assert reach_of(IPv6Address((0x64FF9B << 96) | number)) is plain
    for prefix in (0, 0x64FF9B0001 << 80, (0x2002 << 112) | (number << 80), 0x20010000 << 96):
        assert reach_of(IPv6Address(prefix | number)) is not Reach.PUBLIC


@given(some.ip_addresses())
def test_what_the_standard_library_does_not_call_global_is_never_public(address: IPv4Address | IPv6Address) -> None:
    if reach_of(address) is Reach.PUBLIC and not (isinstance(address, IPv6Address) and address.ipv4_mapped):
        assert address.is_global
        assert not address.is_multicast


def test_allowed_networks_may_be_anything_and_private_ones_only_where_an_operator_chose() -> None:
    private, metadata = ip_address("10.1.2.3"), ip_address("169.254.169.254")
    assert not is_allowed(private, private=False, networks=())
    assert is_allowed(private, private=True, networks=())
    assert is_allowed(private, private=False, networks=[ip_network("10.1.0.0/16")])
    assert is_allowed(ip_address("::ffff:10.1.2.3"), private=False, networks=[ip_network("10.1.0.0/16")])
    assert not is_allowed(ip_address("10.2.0.1"), private=False, networks=[ip_network("10.1.0.0/16")])
    assert not is_allowed(metadata, private=True, networks=())
    assert is_allowed(metadata, private=False, networks=[ip_network("169.254.169.254/32")])
