"""Whoever opens a socket within a guarded block, and however: it leads only to where it may."""

from __future__ import annotations

import asyncio
import contextlib
import os
import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from monitoring.outbound.errors import BlockedAddressError
from monitoring.outbound.guard import guarded
from tests.faults.processes import in_child


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _connect(address: Any, family: int = socket.AF_INET) -> None:
    with socket.socket(family) as one:
        one.connect(address)


def _send(address: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", address)


def _send_message(address: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendmsg([b"x"], [], 0, address)


WAYS: dict[str, Callable[[int], Any]] = {
    "connect": lambda port: _connect(("127.0.0.1", port)),
    "connect_ex": lambda port: socket.socket().connect_ex(("127.0.0.1", port)),
    "bytes": lambda port: _connect((b"127.0.0.1", port)),
    "a name": lambda port: _connect(("localhost", port)),
    "no name": lambda port: _connect(("", port)),
    "everything here": lambda port: _connect(("0.0.0.0", port)),
    "short": lambda port: _connect(("127.1", port)),
    "decimal": lambda port: _connect(("2130706433", port)),
    "octal": lambda port: _connect(("0177.0.0.1", port)),
    "hexadecimal": lambda port: _connect(("0x7f.0.0.1", port)),
    "metadata": lambda _: _connect(("169.254.169.254", 80)),
    "mapped": lambda port: _connect(("::ffff:127.0.0.1", port), socket.AF_INET6),
    "with a zone": lambda port: _connect(("fe80::1%lo", port), socket.AF_INET6),
    "unique local": lambda port: _connect(("fd00::8", port), socket.AF_INET6),
    "create_connection": lambda port: socket.create_connection(("127.0.0.1", port)),
    "create_connection by name": lambda port: socket.create_connection(("localhost", port)),
    "create_connection, decimal": lambda port: socket.create_connection(("2130706433", port)),
    "datagram": lambda port: _send(("127.0.0.1", port)),
    "message": lambda port: _send_message(("127.0.0.1", port)),
    "mail": lambda port: smtplib.SMTP("127.0.0.1", port, timeout=5),
    "asyncio": lambda port: asyncio.run(asyncio.open_connection("127.0.0.1", port)),
    "unix": lambda _: _connect("/var/run/docker.sock", socket.AF_UNIX),
    "abstract unix": lambda _: _connect("\0x11", socket.AF_UNIX),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_way_of_opening_a_socket_leads_into_a_private_network(way: Callable[[int], Any], port: int) -> None:
    with guarded() as guard, pytest.raises(BlockedAddressError):
        way(port)
    assert guard.refused
    assert not guard.went_public


@pytest.mark.parametrize("way", ["connect", "create_connection by name"])
def test_an_operator_may_have_chosen_a_private_address(way: str, port: int) -> None:
    with guarded(allow_private=True) as guard, contextlib.ExitStack() as stack:
        if (opened := WAYS[way](port)) is not None:
            stack.enter_context(opened)
    assert guard.refused == "" or way == "create_connection by name"  # where the name has an address of IPv6 as well


@pytest.mark.parametrize("way", ["metadata", "everything here", "with a zone", "a name"])
def test_even_an_operator_does_not_mean_what_is_link_local_or_no_address(way: str, port: int) -> None:
    with guarded(allow_private=True), pytest.raises(BlockedAddressError):
        WAYS[way](port)


def test_allowed_networks_may_be_reached(port: int, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.1"]}
    with guarded():
        _connect(("127.0.0.1", port))
    with guarded(), pytest.raises(BlockedAddressError):
        _connect(("127.0.0.2", port))


def test_a_block_within_a_block_is_held_to_both(port: int) -> None:
    with guarded(), guarded(allow_private=True), pytest.raises(BlockedAddressError):
        _connect(("127.0.0.1", port))
    with guarded(allow_private=True):
        with guarded(), pytest.raises(BlockedAddressError):
            _connect(("127.0.0.1", port))
        _connect(("127.0.0.1", port))


def test_outside_of_the_block_and_in_other_threads_nothing_is_looked_at(port: int) -> None:
    done = []

    def other() -> None:
        _connect(("127.0.0.1", port))
        done.append(True)

    with guarded():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    _connect(("127.0.0.1", port))
    assert done == [True]


def test_after_a_block_that_failed_nothing_is_looked_at(port: int) -> None:
    with pytest.raises(LookupError), guarded():
        raise LookupError
    _connect(("127.0.0.1", port))


def test_what_is_connected_already_may_go_on(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", port))
        with guarded(), contextlib.suppress(ConnectionRefusedError):
            one.send(b"x")
            one.sendmsg([b"x"])


def test_it_holds_in_a_process_that_was_forked(port: int) -> None:
    with guarded():
        pass

    def child() -> None:
        with guarded(), pytest.raises(BlockedAddressError):
            _connect(("127.0.0.1", port))
        assert os.getpid()

    assert in_child(child) == 0
