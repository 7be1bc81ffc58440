"""`manage.py unblock` works where no request gets through, and says what follows when."""

from __future__ import annotations

import socket
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monitoring.conf import get_config
from monitoring.protection.blocks.models import Block
from monitoring.protection.throttles import actions
from monitoring.protection.throttles.limit import Limit
from monitoring.protection.throttles.models import Throttle
from monitoring.stream.decisions import Replica
from tests.pipeline import client

from .making import active, make, now

pytestmark = pytest.mark.usefixtures("redis_client", "db")


def run(*arguments: str) -> tuple[list[str], str]:
    out, err = StringIO(), StringIO()
    call_command("unblock", *arguments, stdout=out, stderr=err)
    return out.getvalue().splitlines(), err.getvalue()


def known() -> set[str]:
    """What every process is told of blocks."""
    replica = Replica(get_config().stream_prefix)
    replica.catch_up(client())
    return set(replica.kinds.get("block", {}))


def test_an_address_is_unblocked_and_processes_know_at_once() -> None:
    make("203.0.113.7")
    make("203.0.113.8")
    out, err = run("203.0.113.7")
    assert out == ["203.0.113.7/32: unblocked", "Web processes follow within a second."]
    assert err == ""
    assert active() == {"203.0.113.8/32"}
    assert known() == {"4:32:cb007108"}
    assert Block.objects.get(network="203.0.113.7/32").ended_by.startswith("manage.py unblock (")


def test_a_network_and_all_of_them_are_unblocked() -> None:
    for text in ("203.0.113.7", "203.0.113.8", "2001:db8::/64"):
        make(text)
    assert run("203.0.113.0/24")[0][:2] == ["203.0.113.7/32: unblocked", "203.0.113.8/32: unblocked"]
    assert run("--all")[0][0] == "1 unblocked"
    assert run("--all")[0] == ["0 unblocked"]
    assert active() == set()


def test_who_is_not_blocked_is_said_not_to_be() -> None:
    assert run("203.0.113.7") == (["203.0.113.7/32: not blocked"], "")


def test_throttles_that_keep_everybody_out_are_ended_too() -> None:
    actions.create(Limit("all", "*", 0.001, 1, "all"), "anna", now())
    assert run("--throttles")[0][0] == "1 throttles ended"
    assert Throttle.objects.get().ended_by.startswith("manage.py unblock (")


@pytest.mark.parametrize(
    "arguments", [(), ("nobody",), ("203.0.113.7/24",), ("203.0.113.7", "--all"), ("203.0.113.7\0",)]
)
def test_what_is_no_network_is_refused_and_changes_nothing(arguments: tuple[str, ...]) -> None:
    make()
    with pytest.raises(CommandError):
        run(*arguments)
    assert active() == {"203.0.113.7/32"}


def test_while_redis_is_away_the_block_ends_and_it_is_said_what_follows(settings: Any) -> None:
    make()
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{refusing.getsockname()[1]}/0"
        settings.MONITORING = {**settings.MONITORING, "REDIS_URL": url}
        out, err = run("203.0.113.7")
    assert out == ["203.0.113.7/32: unblocked"]
    assert "until Redis is back" in err
    assert active() == set()
