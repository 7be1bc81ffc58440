"""Clients over a limit are blocked once, for their own errors alone, and for as long as documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.address import parse
from monitoring.component import Outage
from monitoring.conf import get_config
from monitoring.forms import network
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks import actions
from monitoring.protection.blocks.models import Block, BlockState, BlockTotal
from monitoring.protection.counting.models import ErrorTally
from monitoring.protection.deciding import Decided, decide
from monitoring.protection.notices.models import Notice
from tests.protection.failing import BAD, OTHER, ROUTE, THIRD, Failure, count, now, times

pytestmark = pytest.mark.django_db
BLOCKED = f"{BAD}/32"


@pytest.fixture(autouse=True)
def within(settings: Any) -> None:
    """A run of the test is one transaction."""
    settings.MONITORING = {**settings.MONITORING, "EAGER": True}


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def run(at: int | None = None, outage: Outage | None = None) -> Decided:
    return decide(get_config(), outage or Outage(), moment(now() if at is None else at))


def states() -> list[tuple[str, str]]:
    return sorted(Block.objects.values_list("network", "withheld"))


def monitoring(settings: Any, **values: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, **values}


def test_five_errors_change_nothing() -> None:
    count(times(BAD, 5))
    assert run() == Decided()
    assert states() == []


def test_the_sixth_blocks_for_exactly_the_documented_time_and_says_why() -> None:
    at = now()
    count(times(BAD, 4, at=at) + times(BAD, 2, "POST api/designs/", at=at))
    assert run(at).blocked == 1
    row = Block.objects.get()
    assert (row.network, row.prefix, row.addresses, row.crossed, row.origin) == (BLOCKED, 32, [BAD], "client", "auto")
    assert (row.started, row.expires - row.started) == (moment(at), timedelta(seconds=3600))
    assert (row.count, row.window, row.route, row.level) == (6, 600, ROUTE, 0)
    assert row.reason == "The client caused 6 server errors within 600 seconds."
    assert len(row.evidence["samples"]) == 6
    assert row.evidence["routes"][0] == {"service": "shop", "route": ROUTE, "own": 4, "all": 4}


def test_another_client_never_notices() -> None:
    count(times(BAD, 60) + times(OTHER, 5))
    run()
    assert states() == [(BLOCKED, "")]


def test_ipv6_is_blocked_by_the_network_and_the_addresses_are_kept() -> None:
    count([Failure(f"2001:db8:1:2::{host:x}", now(), f"GET {host}/") for host in range(1, 7)])
    run()
    row = Block.objects.get()
    assert (row.network, row.prefix, len(row.addresses)) == ("2001:db8:1:2::/64", 64, 6)


def test_deciding_again_decides_nothing_again() -> None:
    count(times(BAD, 6))
    assert [run().blocked, run().blocked] == [1, 0]
    assert BlockTotal.objects.get(outcome="blocked").count == 1


def test_who_fails_where_others_do_is_not_blocked_and_it_is_said_once() -> None:
    count(times(BAD, 6) + times(OTHER, 6) + times(THIRD, 6))
    run()
    run()
    assert states() == [(f"{client}/32", "shared") for client in sorted((BAD, OTHER, THIRD))]
    assert BlockTotal.objects.get(outcome="shared").count == 3
    assert not Block.objects.in_state(BlockState.ACTIVE, moment(now())).exists()


def test_who_goes_on_when_the_others_have_stopped_is_blocked_after_all() -> None:
    count(times(BAD, 6) + times(OTHER, 6))
    run()
    count(times(BAD, 7))
    run()
    assert (BLOCKED, "") in states()
    assert Block.objects.get(network=BLOCKED, withheld="shared").ended_by == "blocked"


def test_a_route_over_its_limit_is_held_against_who_made_most_of_its_errors() -> None:
    count(times(BAD, 4) + times(OTHER, 1) + times(THIRD, 1))
    run()
    row = Block.objects.get()
    assert (row.network, row.crossed, row.route, row.count) == (BLOCKED, "route", ROUTE, 6)
    assert row.reason == f"{ROUTE} answered with 6 server errors within 600 seconds."


def test_a_route_that_fails_for_everybody_blocks_nobody_unless_it_is_wanted(settings: Any) -> None:
    count([Failure(f"192.0.2.{host}", now() - 10 + host) for host in range(6)])
    run()
    assert states() == []
    monitoring(settings, ROUTE_BLAME="any")
    run()
    assert states() == [("192.0.2.5/32", "")]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"ALLOWED_CLIENTS": ["203.0.113.0/24"]}, "allowed"),
        ({"TRUSTED_PROXIES": ["203.0.113.0/24"]}, "proxy"),
        ({"PROTECTION": "dry_run"}, "dry_run"),
    ],
)
def test_who_must_not_be_blocked_by_the_settings_is_not(settings: Any, values: dict[str, Any], reason: str) -> None:
    monitoring(settings, **values)
    count(times(BAD, 6))
    run()
    assert states() == [(BLOCKED, reason)]


def test_who_is_on_the_allow_list_or_acted_as_admin_lately_is_not_blocked() -> None:
    AllowedNetwork.objects.create(network="203.0.113.0/24", created=moment(now()))
    ActingAdmin.objects.create(address=OTHER, at=moment(now()))
    count(times(BAD, 6) + times(OTHER, 6, "GET api/other/"))
    run()
    assert states() == [(f"{OTHER}/32", "admin"), (BLOCKED, "allowed")]


def test_where_protection_is_off_nothing_is_decided(settings: Any) -> None:
    monitoring(settings, PROTECTION="off")
    count(times(BAD, 6))
    run()
    assert states() == []


def test_nobody_is_blocked_for_an_outage_neither_meanwhile_nor_afterwards() -> None:
    at = now()
    count(times(BAD, 6, at=at))
    run(at, Outage(frozenset({"database"}), moment(at - 5_000)))
    assert states() == [(BLOCKED, "unhealthy")]
    run(at + 5_000, Outage(recovered=moment(at + 1_000)))
    assert states() == [(BLOCKED, "unhealthy")]
    count(times(BAD, 6, at=at + 6_000), at=at + 6_000)
    run(at + 6_000, Outage(recovered=moment(at + 1_000)))
    assert (BLOCKED, "") in states()


def test_errors_right_after_an_outage_are_not_held_against_one_of_many() -> None:
    at = now()
    count(times(BAD, 6, at=at) + times(OTHER, 50, at=at))
    run(at, Outage(recovered=moment(at - 500)))
    assert (BLOCKED, "shared") in states()
    assert (BLOCKED, "") not in states()


def test_what_others_did_before_a_client_was_unblocked_is_not_added_to_what_it_does_then() -> None:
    at = now()
    count(times(BAD, 6, at=at) + times(OTHER, 1, at=at))
    run(at)
    actions.end(Block.objects.all(), "ada", moment(at + 1))
    count(times(BAD, 5, at=at + 20), at=at + 20)
    assert run(at + 20).blocked == 0


def test_what_a_client_did_before_it_was_unblocked_speaks_neither_for_nor_against_it() -> None:
    at = now()
    count(times(BAD, 60, at=at))
    run(at)
    actions.end(Block.objects.all(), "ada", moment(at + 1))
    count(times(BAD, 6, at=at + 20), at=at + 20)
    assert run(at + 20).blocked == 1


def test_who_was_blocked_when_an_outage_began_is_let_go_when_it_is_known() -> None:
    at = now()
    count(times(OTHER, 6, "GET api/other/", at=at - 60_000))
    run(at - 60_000)
    count(times(BAD, 6, at=at))
    run(at)
    done = run(at + 12_000, Outage(frozenset({"database", "redis"}), moment(at + 10_000)))
    assert done.lifted == 1
    row = Block.objects.get(network=BLOCKED, withheld="")
    assert (row.ended, row.ended_by) == (moment(at + 12_000), "outage of database, redis")
    assert Block.objects.get(network=f"{OTHER}/32").ended is None


def test_what_led_to_a_block_is_not_held_against_who_was_unblocked() -> None:
    at = now()
    count(times(BAD, 6, at=at))
    run(at)
    assert actions.end(actions.covering(network(BAD)), "ada", moment(at + 1_000)) == 1  # type: ignore[arg-type]
    count(times(BAD, 5, at=at + 2_000), at=at + 2_000)
    assert run(at + 2_000).blocked == 0
    count(times(BAD, 1, at=at + 3_000), at=at + 3_000)
    assert run(at + 3_000).blocked == 1
    assert Block.objects.filter(network=BLOCKED).count() == 2


def test_a_block_is_over_by_time_and_repeaters_are_blocked_for_longer_where_it_is_asked_for(settings: Any) -> None:
    monitoring(settings, BLOCK_ESCALATION=3)
    at = now()
    lengths = []
    for level in range(3):
        count(times(BAD, 6, at=at), at=at)
        run(at)
        row = Block.objects.get(network=BLOCKED, ended=None)
        assert row.level == level
        lengths.append((row.expires - row.started).total_seconds())
        at += int(lengths[-1]) * 1000 + 1_000
    assert lengths == [3600, 10_800, 32_400]
    run(at)
    assert set(Block.objects.values_list("ended_by", flat=True)) == {""}
    assert not Block.objects.filter(ended=None).exists()


def test_who_was_let_go_by_somebody_is_no_repeater(settings: Any) -> None:
    monitoring(settings, BLOCK_ESCALATION=3)
    at = now()
    count(times(BAD, 6, at=at))
    run(at)
    actions.end(Block.objects.all(), "ada", moment(at + 1_000))
    count(times(BAD, 6, at=at + 2_000), at=at + 2_000)
    run(at + 2_000)
    assert Block.objects.get(ended=None).level == 0


def test_notices_are_written_with_the_block_and_of_failing_routes(settings: Any) -> None:
    settings.SLACK_NOTIFICATION_URL = settings.CODEX_TRIGGER_URL = "http://127.0.0.1:1/"
    count(times(BAD, 6, error=7))
    assert run().notices
    assert sorted(Notice.objects.values_list("kind", "subject")) == [("block", BAD), ("patch", ROUTE)]
    assert not run().notices


def test_no_patch_is_asked_for_of_a_route_that_fails_with_everything_else(settings: Any) -> None:
    settings.CODEX_TRIGGER_URL = "http://127.0.0.1:1/"
    count(times(BAD, 6))
    assert not run(outage=Outage(frozenset({"database"}), moment(now()))).notices


def test_errors_are_forgotten_when_the_window_has_passed() -> None:
    count(times(BAD, 6, at=now() - 599_000))
    run()
    assert ErrorTally.objects.exists()
    run(now() + 2_000)
    assert not ErrorTally.objects.exists()


def test_a_block_by_hand_takes_the_place_of_another() -> None:
    at = moment(now())
    first = actions.block(network(BAD), at + timedelta(hours=1), "noisy", "ada", at)  # type: ignore[arg-type]
    second = actions.block(network(BAD), at + timedelta(hours=2), "worse", "bob", at)  # type: ignore[arg-type]
    first.refresh_from_db()
    assert (first.ended_by, second.ended, second.addresses) == ("bob", None, [BAD])
    count(times(BAD, 6))
    assert run().blocked == 0


def test_blocks_around_an_address_are_found() -> None:
    at = moment(now())
    actions.block(network("203.0.113.0/24"), at + timedelta(hours=1), "", "ada", at)  # type: ignore[arg-type]
    address = parse(BAD)
    assert actions.covering(network(str(address))).count() == 1  # type: ignore[arg-type]
    assert actions.covering(network(OTHER)).count() == 0  # type: ignore[arg-type]
