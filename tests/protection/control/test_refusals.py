"""Nobody blocks themselves by hand, nor everybody."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.protection.control.refusals import Ground, client, refusal

GROUND = Ground(
    own=ip_address("198.51.100.1"),
    proxies=(ip_network("10.0.0.0/8"),),
    allowed=(ip_network("192.0.2.0/24"), ip_network("2001:db8:1::/48")),
    admins=(ip_address("198.51.100.1"), ip_address("203.0.113.77")),
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.0.0.0/0", "too wide"),
        ("128.0.0.0/7", "too wide"),
        ("2000::/31", "too wide"),
        ("127.0.0.1", "this machine"),
        ("127.0.0.0/8", "this machine"),
        ("::1", "this machine"),
        ("198.51.100.1", "yourself"),
        ("198.51.0.0/16", "yourself"),
        ("10.1.2.3", "trusted proxy"),
        ("192.0.2.9", "allow-list"),
        ("192.0.2.0/24", "allow-list"),
        ("2001:db8:1:2::3", "allow-list"),
        ("203.0.113.0/24", "Staff members act from there: 203.0.113.77"),
    ],
)
def test_it_is_not_blocked(text: str, why: str) -> None:
    assert why in str(refusal(client(ip_network(text)), GROUND))


@pytest.mark.parametrize("text", ["203.0.113.7", "203.0.113.77", "192.0.0.0/16", "11.0.0.0/8", "2001:db8::7"])
def test_it_may_be_blocked(text: str) -> None:
    assert refusal(client(ip_network(text)), GROUND) is None


def test_an_address_of_ipv6_stands_for_its_64() -> None:
    assert str(client(ip_network("2001:db8::7"))) == "2001:db8::/64"
    ground = Ground(own=ip_address("2001:db8::1"))
    assert "yourself" in str(refusal(client(ip_network("2001:db8::7")), ground))


@pytest.mark.parametrize("mode", ["dry_run", "off"])
def test_a_block_that_would_do_nothing_is_refused(mode: str) -> None:
    assert mode in str(refusal(ip_network("203.0.113.7"), Ground(mode=mode)))


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1))
def test_whatever_may_be_blocked_holds_neither_oneself_nor_a_proxy(number: int, length: int, own: int) -> None:
    network = ip_network((number >> (32 - length) << (32 - length), length))
    ground = Ground(own=ip_address(own), proxies=GROUND.proxies, allowed=GROUND.allowed)
    if refusal(network, ground) is None:
        assert ip_address(own) not in network
        assert not network.overlaps(GROUND.proxies[0])
        assert not network.is_loopback
        assert length >= 8
