"""The client's address is the one that the last trusted proxy saw, and nothing that a client wrote."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.address import block_key, block_network, client_of, is_forwarded, is_in, networks, parse, peer_of
from monitoring.conf import problems
from monitoring.forms import network, plain

PROXIES = networks(("10.0.0.0/8", "fd00::/8", "127.0.0.1"))

trusted = st.one_of(
    st.ip_addresses(v=4, network="10.0.0.0/8"),
    st.ip_addresses(v=6, network="fd00::/8"),
    st.just(ip_address("127.0.0.1")),
)
strangers = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).filter(
    lambda address: not is_in(parse(str(address)), PROXIES)
)
texts = st.text(st.characters(codec="ascii", exclude_characters=","), max_size=30)


def spelled(address: IPv4Address | IPv6Address, how: int) -> str:
    """An address as one of those spellings that proxies use."""
    if address.version == 4:
        return [str(address), f"{address}:4711", f"::ffff:{address}", f"[::ffff:{address}]:80", f' "{address}" '][how]
    return [str(address), f"[{address}]:4711", f"[{address}]", address.exploded, f"{address}%eth0"][how]


spellings = st.integers(0, 4)


def meta(peer: str, *forwarded: str) -> dict[str, Any]:
    return {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": ", ".join(forwarded)} if forwarded else {})


@given(peer=strangers, forged=st.lists(st.one_of(texts, strangers.map(str), trusted.map(str)), max_size=5))
def test_what_a_stranger_forwards_is_not_believed(peer: Any, forged: list[str]) -> None:
    assert client_of(meta(str(peer), *forged), PROXIES) == parse(str(peer))


@given(
    client=strangers,
    forged=st.lists(st.one_of(texts, strangers.map(str), trusted.map(str)), max_size=5),
    proxies=st.lists(trusted, min_size=1, max_size=4),
    how=spellings,
)
def test_the_first_address_from_the_right_that_is_no_proxys_wins(
    client: Any, forged: list[str], proxies: list[Any], how: int
) -> None:
    hops = [*forged, spelled(client, how), *(spelled(proxy, how) for proxy in proxies[1:])]
    assert client_of(meta(spelled(proxies[0], how), *hops), PROXIES) == parse(str(client))


@given(proxies=st.lists(trusted, min_size=1, max_size=4))
def test_where_all_are_proxies_the_furthest_is_the_client(proxies: list[Any]) -> None:
    hops = [str(proxy) for proxy in proxies[1:]]
    assert client_of(meta(str(proxies[0]), *reversed(hops)), PROXIES) == (parse(hops[-1]) if hops else proxies[0])


@given(address=st.ip_addresses(), how=spellings)
def test_every_spelling_is_the_same_address(address: Any, how: int) -> None:
    assert parse(spelled(address, how)) == plain(address)


@given(text=st.one_of(st.text(max_size=60), texts))
def test_whatever_is_written_does_not_raise(text: str) -> None:
    found = parse(text)
    assert found is None or ip_address(str(found)) == found
    client_of(meta("10.0.0.1", text), PROXIES)
    client_of(meta(text, "1.2.3.4"), PROXIES)


@pytest.mark.parametrize("hop", ["unknown", "_hidden", "", "1.2.3", "proxy.example.com"])
def test_a_proxy_that_passes_on_no_address_leaves_the_client_unknown(hop: str) -> None:
    assert client_of(meta("10.0.0.1", "1.2.3.4", hop), PROXIES) is None


def test_a_unix_socket_has_no_address() -> None:
    assert peer_of({"REMOTE_ADDR": ""}) is None
    assert client_of({"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}, PROXIES) is None
    assert not is_in(None, [ip_network("0.0.0.0/0")])


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"])
def test_a_proxy_shows_in_its_headers(header: str) -> None:
    assert is_forwarded({"REMOTE_ADDR": "1.2.3.4", f"HTTP_{header.upper().replace('-', '_')}": "x"})
    assert not is_forwarded({"REMOTE_ADDR": "1.2.3.4", "HTTP_HOST": "x", "HTTP_ACCEPT": "*/*"})


def test_a_network_translated_into_ipv6_is_that_of_ipv4_unless_that_were_most_of_the_world() -> None:
    assert network("64:ff9b::1.2.3.0/120") == ip_network("1.2.3.0/24")
    assert network("64:ff9b::/96") == ip_network("64:ff9b::/96")
    assert network("64:ff9b::10.0.0.0/104") == ip_network("64:ff9b::10.0.0.0/104")


def test_who_claims_to_be_a_translated_proxy_is_none() -> None:
    assert client_of(meta("64:ff9b::10.0.0.1", "1.2.3.4"), PROXIES) == ip_address("64:ff9b::10.0.0.1")


def test_a_network_mapped_into_ipv6_is_that_of_ipv4() -> None:
    assert network("::ffff:10.0.0.0/104") == ip_network("10.0.0.0/8")
    assert network("::/0") == ip_network("::/0")


@pytest.mark.parametrize("name", ["METRICS_ALLOWED_NETWORKS", "TRUSTED_PROXIES"])
@pytest.mark.parametrize("value", [["10.0.0.1/8"], ["somewhere"], "10.0.0.0/8", [1], [""]])
def test_a_wrong_network_is_named_and_allows_nobody(name: str, value: Any) -> None:
    found = problems({name: value})
    assert len(found) == 1
    assert name in found[0]


@pytest.mark.parametrize("token", ["short", "has spaces in the middle of it", "ümlauts-are-not-for-headers", 5])
def test_a_token_that_is_easy_to_guess_or_fits_no_header_is_refused(token: Any) -> None:
    assert "METRICS_TOKEN" in problems({"METRICS_TOKEN": token})[0]


@pytest.mark.parametrize(
    ("text", "network_of_it", "key"),
    [
        ("203.0.113.7", "203.0.113.7/32", "4:32:cb007107"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "4:32:cb007107"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "6:64:20010db800010002"),
        ("fd00::1:2:3:4", "fd00::/64", "6:64:fd00000000000000"),
        ("64:ff9b::1.2.3.4", "1.2.3.4/32", "4:32:1020304"),
        ("[64:ff9b::102:304]:80", "1.2.3.4/32", "4:32:1020304"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1/128", "6:128:64ff9b00000000000000000a000001"),
        ("::1", "::1/128", "6:128:1"),
        ("fe80::1%eth0", "fe80::1/128", "6:128:fe800000000000000000000000000001"),
        ("::ffff:0:1.2.3.4", "::ffff:0:102:304/128", "6:128:ffff000001020304"),
    ],
)
def test_a_client_is_blocked_by_its_address_or_its_64(text: str, network_of_it: str, key: str) -> None:
    address = parse(text)
    assert address is not None
    assert str(block_network(address)) == network_of_it
    assert block_key(block_network(address)) == key


HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "HTTP_FORWARDED",
            "HTTP_X_REAL_IP",
            "HTTP_X_CLIENT_IP",
            "HTTP_CLIENT_IP",
            "HTTP_CF_CONNECTING_IP",
            "HTTP_TRUE_CLIENT_IP",
            "HTTP_X_CLUSTER_CLIENT_IP",
            "HTTP_X_FORWARDED",
            "HTTP_X_FORWARDED_HOST",
            "HTTP_X_ORIGINAL_FORWARDED_FOR",
            "HTTP_VIA",
            "HTTP_REMOTE_ADDR",
            "HTTP_X_REMOTE_ADDR",
        ]
    ),
    st.one_of(st.text(max_size=40), strangers.map(str), trusted.map(str), strangers.map("for={}".format)),
)


@given(
    client=strangers,
    proxies=st.lists(trusted, max_size=3),
    written=st.one_of(st.none(), st.text(max_size=60), st.lists(st.one_of(strangers, trusted)).map(str)),
    headers=HEADERS,
)
def test_no_header_that_a_client_adds_changes_whom_we_blame(
    client: Any, proxies: list[Any], written: str | None, headers: dict[str, str]
) -> None:
    """Each proxy appends who spoke to it to what the client wrote; without one the client itself is the peer."""
    peers = [client, *proxies]
    appended = ", ".join(map(str, peers[:-1]))
    honest = meta(str(peers[-1]), *([appended] if appended else []))
    forwarded = [text for text in (written, appended) if text is not None and (text or text is written)]
    forged = {**headers, **meta(str(peers[-1]), *forwarded)}
    assert client_of(forged, PROXIES) == client_of(honest, PROXIES) == parse(str(client))
