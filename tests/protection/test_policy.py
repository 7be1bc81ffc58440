"""Who is blocked, and who never is, whatever they did."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.protection.blocks.models import Crossed, Withheld
from monitoring.protection.policy import Circumstances, Lasting, Outcome, Suspect, Verdict, judge

CLIENT = ip_network("203.0.113.7/32")
BLOCK, NOTHING = Verdict(Outcome.BLOCK), Verdict(Outcome.NOTHING)
networks = st.one_of(
    st.ip_addresses(v=4).map(IPv4Network),
    st.ip_addresses(v=6).map(lambda address: IPv6Network((int(address) >> 64 << 64, 64))),
)
counts = st.integers(0, 1_000)


@st.composite
def suspects(draw: Any) -> Suspect:
    own, on_route = draw(counts), draw(counts)
    return Suspect(
        network=draw(networks),
        crossed=draw(st.sampled_from([None, *Crossed])),
        own=own,
        shared=own + draw(counts),
        on_route=on_route,
        of_route=on_route + draw(counts),
        latest=draw(st.booleans()),
    )


circumstances = st.builds(
    Circumstances,
    mode=st.sampled_from(["enforce", "dry_run"]),
    blame=st.sampled_from(["majority", "any", "off"]),
    unhealthy=st.sampled_from([frozenset(), frozenset({"database"})]),
    proxies=st.lists(networks, max_size=2),
    allowed=st.lists(networks, max_size=2),
    admins=st.lists(networks, max_size=2),
)


def withheld(reason: Withheld) -> Verdict:
    return Verdict(Outcome.WITHHELD, reason)


def test_who_is_over_the_limit_alone_is_blocked() -> None:
    assert judge(Suspect(CLIENT, Crossed.CLIENT, own=6, shared=6), Circumstances()) == BLOCK


def test_who_crossed_nothing_is_let_be() -> None:
    assert judge(Suspect(CLIENT, None, own=6, shared=6), Circumstances()) == NOTHING


@pytest.mark.parametrize(
    ("own", "shared", "verdict"),
    [(6, 7, BLOCK), (7, 13, BLOCK), (6, 12, withheld(Withheld.SHARED)), (6, 100, withheld(Withheld.SHARED))],
)
def test_who_did_not_make_most_of_the_errors_where_it_failed_is_not_blocked(
    own: int, shared: int, verdict: Verdict
) -> None:
    assert judge(Suspect(CLIENT, Crossed.CLIENT, own=own, shared=shared), Circumstances()) == verdict


@pytest.mark.parametrize(
    ("blame", "on_route", "latest", "verdict"),
    [
        ("majority", 4, False, BLOCK),
        ("majority", 3, True, NOTHING),
        ("any", 1, True, BLOCK),
        ("any", 5, False, NOTHING),
        ("off", 6, True, NOTHING),
    ],
)
def test_whom_a_failing_route_is_held_against_is_a_setting(
    blame: str, on_route: int, latest: bool, verdict: Verdict
) -> None:
    suspect = Suspect(CLIENT, Crossed.ROUTE, on_route, 6, on_route=on_route, of_route=6, latest=latest)
    assert judge(suspect, Circumstances(blame=blame)) == verdict


def test_in_a_dry_run_it_is_only_said() -> None:
    suspect = Suspect(CLIENT, Crossed.CLIENT, own=6, shared=6)
    assert judge(suspect, Circumstances(mode="dry_run")) == withheld(Withheld.DRY_RUN)


def test_a_network_that_holds_an_admin_is_not_blocked() -> None:
    suspect = Suspect(ip_network("2001:db8:1:2::/64"), Crossed.CLIENT, own=6, shared=6)
    admins = [ip_network("2001:db8:1:2::7/128")]
    assert judge(suspect, Circumstances(admins=admins)) == withheld(Withheld.ADMIN)


@given(suspects(), circumstances, st.sampled_from(["proxies", "allowed", "admins"]), st.integers(0, 32))
def test_nobody_is_blocked_who_must_not_be(suspect: Suspect, known: Circumstances, list_: str, wider: int) -> None:
    around = suspect.network.supernet(new_prefix=max(0, suspect.network.prefixlen - wider))
    assert judge(suspect, replace(known, **{list_: [around]})).outcome is not Outcome.BLOCK


@given(suspects(), circumstances)
def test_nobody_is_blocked_while_something_hard_is_unhealthy(suspect: Suspect, known: Circumstances) -> None:
    assert judge(suspect, replace(known, unhealthy={"database"})).outcome is not Outcome.BLOCK


@given(suspects(), circumstances)
def test_nobody_is_blocked_in_a_dry_run(suspect: Suspect, known: Circumstances) -> None:
    assert judge(suspect, replace(known, mode="dry_run")).outcome is not Outcome.BLOCK


@given(suspects(), circumstances, counts)
def test_errors_of_others_never_get_anybody_blocked(suspect: Suspect, known: Circumstances, more: int) -> None:
    before = judge(suspect, known).outcome
    others = replace(suspect, shared=suspect.shared + more, of_route=suspect.of_route + more)
    assert judge(others, known).outcome is not Outcome.BLOCK or before is Outcome.BLOCK


@given(suspects(), circumstances, counts)
def test_further_errors_of_its_own_never_get_anybody_off(suspect: Suspect, known: Circumstances, more: int) -> None:
    before = judge(suspect, known).outcome
    worse = replace(
        suspect,
        own=suspect.own + more,
        shared=suspect.shared + more,
        on_route=suspect.on_route + more,
        of_route=suspect.of_route + more,
    )
    assert judge(worse, known).outcome is Outcome.BLOCK or before is not Outcome.BLOCK


def test_the_first_block_lasts_exactly_the_documented_time_and_all_others_too_unless_asked_for() -> None:
    assert Lasting(3600, 4.0, 100).seconds(0) == 3600
    assert [Lasting(3600).seconds(level) for level in (1, 5, 30_000)] == [3600, 3600, 3600]


def test_further_blocks_get_longer_by_the_factor_up_to_the_longest() -> None:
    lasting = Lasting(3600, 4.0, 86_400)
    assert [lasting.seconds(level) for level in range(5)] == [3600, 14_400, 57_600, 86_400, 86_400]


@given(st.integers(1, 10**7), st.floats(1, 100), st.integers(1, 10**7), st.integers(0, 40_000))
def test_no_block_is_longer_than_the_longest_or_shorter_than_the_first(
    first: int, factor: float, most: int, level: int
) -> None:
    assert first <= Lasting(first, factor, most).seconds(level) <= max(first, most)
