"""What is held against a client, compared with a list of all errors."""

from __future__ import annotations

from collections import Counter, defaultdict
from ipaddress import ip_network
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from monitoring.protection.blocks.models import Crossed
from monitoring.protection.counting.reading import Tallies
from monitoring.protection.counting.tally import SAMPLES, Key, Tally, Window
from monitoring.protection.suspects import View, cases

WINDOW = Window(limit=3, milliseconds=120_000)
NOW = 1_700_000_000_000
CLIENTS = ("203.0.113.7", "198.51.100.8", "192.0.2.9")
ROUTES = (("shop", "GET a/"), ("shop", "GET b/"))


class Failed(NamedTuple):
    client: str
    route: tuple[str, str]
    at: int


moments = st.integers(0, 130_000).map(lambda ago: NOW - ago)
failures = st.lists(
    st.builds(Failed, st.sampled_from(CLIENTS), st.sampled_from(ROUTES), moments), min_size=1, max_size=40
)


def network(client: str) -> str:
    return f"{client}/32"


def tally(errors: list[Failed]) -> Tally:
    found = Tally()
    for one in errors:
        second = one.at // 1000 // WINDOW.bucket * WINDOW.bucket
        found.add(Tally([one.at], Counter([second]), [{"at": one.at, "client": one.client}]), WINDOW)
    return found


def tallies(errors: list[Failed]) -> Tallies:
    grouped: dict[Key, list[Failed]] = defaultdict(list)
    for one in errors:
        for key in (("", *one.route), (network(one.client), "", ""), (network(one.client), *one.route)):
            grouped[key].append(one)
    clients = tuple(client for client, _, route in grouped if client and not route)
    routes_of = {client: [key[1:] for key in grouped if key[0] == client and key[2]] for client in clients}
    return Tallies(clients, ROUTES, {key: tally(ones) for key, ones in grouped.items()}, routes_of)


@given(failures, moments, st.dictionaries(st.sampled_from(CLIENTS), moments))
def test_nothing_is_held_against_a_client_that_it_did_not_do_and_nothing_of_others_is_overlooked(
    errors: list[Failed], since: int, later: dict[str, int]
) -> None:
    view = View(WINDOW, NOW, since, {network(client): at for client, at in later.items()})
    found = [(case.crossed, str(case.suspect.network), case) for case in cases(tallies(errors), view)]
    for crossed, name, case in found:
        client = name.removesuffix("/32")
        begins = max(since, later.get(client, 0), NOW - WINDOW.milliseconds)
        own = [one for one in errors if one.client == client and one.at > begins]
        routes = {one.route for one in errors if one.client == client}
        others = [one for one in errors if one.client != client and one.route in routes and one.at > begins]
        assert case.suspect.own <= len(own)
        assert case.suspect.shared - case.suspect.own >= len(others)
        assert case.suspect.on_route <= len(own)
        if crossed is Crossed.ROUTE:
            there = [one for one in errors if one.route[1] == case.route and one.at > begins]
            assert len(there) > WINDOW.limit or later.get(client, 0) <= since
        assert len(case.evidence["samples"]) <= SAMPLES
        assert {sample["client"] for sample in case.evidence["samples"]} <= {client}
        assert crossed is Crossed.ROUTE or len(own) > WINDOW.limit


@given(failures, moments)
def test_whoever_is_over_the_limit_is_found_whatever_else_happened(errors: list[Failed], since: int) -> None:
    view = View(WINDOW, NOW, since, {})
    found = {str(case.suspect.network) for case in cases(tallies(errors), view) if case.crossed is Crossed.CLIENT}
    for client in CLIENTS:
        mine = sorted(one.at for one in errors if one.client == client)
        last = mine[-1] if mine else 0
        within = [at for at in mine if at > since and at > last - WINDOW.milliseconds]
        over = len(within) > WINDOW.limit and last > NOW - WINDOW.milliseconds
        assert (network(client) in found) is over


def test_the_network_of_a_client_is_read_back() -> None:
    errors = [Failed(CLIENTS[0], ROUTES[0], NOW - place) for place in range(4)]
    (case, *_) = cases(tallies(errors), View(WINDOW, NOW, 0, {}))
    assert (case.suspect.network, case.addresses) == (ip_network("203.0.113.7/32"), (CLIENTS[0],))
