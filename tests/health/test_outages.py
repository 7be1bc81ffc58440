"""What makes requests fail is told apart from what does not, and it is known when it was over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from monitoring.component import Check, Outage, Outcome, Status
from monitoring.conf import get_config
from monitoring.health.outages import hard_components, judge, read
from monitoring.health.snapshot import Snapshot, advance, encode
from monitoring.stream import snapshots
from tests.health.stubs import GOOD, Billing

BAD = Outcome(Status.UNHEALTHY, "Broken")
CHECKS: list[Check] = [Billing(), replace(Billing(), id="second", component="beat")]
HARD = frozenset({"billing"})


@dataclass(frozen=True)
class Ledger(Check):
    """A check of a team's own."""

    id: str = "ledger"
    component: str = "ledger"


def run(*rounds: tuple[Outcome, Outcome]) -> Snapshot:
    snapshot: Snapshot | None = None
    for place, (billing, beat) in enumerate(rounds):
        outcomes = {"billing": billing, "second": beat}
        snapshot = advance(snapshot, CHECKS, outcomes, version=1, now=100.0 + place, fall=2, rise=2)
    assert snapshot is not None
    return snapshot


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_nothing_was_ever_wrong() -> None:
    assert judge(run((GOOD, GOOD), (GOOD, GOOD)), HARD) == Outage()


def test_what_answers_no_requests_is_no_outage() -> None:
    assert judge(run((GOOD, GOOD), (GOOD, BAD)), HARD) == Outage()


def test_an_outage_is_known_with_its_beginning_and_with_its_end() -> None:
    broken = [(GOOD, GOOD), (BAD, GOOD), (BAD, GOOD)]
    assert judge(run(*broken), HARD) == Outage(frozenset({"billing"}), moment(102))
    again = [(GOOD, GOOD)] * 5
    assert judge(run(*broken, *again), HARD) == Outage(recovered=moment(104))


def test_one_bad_result_is_enough_to_doubt() -> None:
    blip = [(GOOD, GOOD), (BAD, GOOD)]
    assert judge(run(*blip), HARD) == Outage(frozenset({"billing"}))
    assert judge(run(*blip, (GOOD, GOOD), (GOOD, GOOD)), HARD) == Outage(recovered=moment(102))


def test_components_of_a_team_are_hard_and_so_is_what_the_service_depends_on(settings: Any) -> None:
    settings.MONITORING = {
        **settings.MONITORING,
        "HEALTH_CHECKS": ["tests.health.test_outages.Ledger"],
        "HEALTH_DEPENDENCIES": {"tax": "http://127.0.0.1:1/"},
    }
    found = hard_components(get_config())
    assert {"database", "redis", "storage", "ledger", "tax"} <= found
    assert not {"beat", "celery", "intake"} & found


def test_it_is_read_from_the_published_snapshot(redis_client: Any, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "HEALTH_CHECKS": ["tests.health.stubs.Billing"]}
    config = get_config()
    assert read(redis_client, config) == Outage()
    snapshots.publish(redis_client, config.stream_prefix, 0, 1, encode(run((BAD, GOOD))))
    assert read(redis_client, config) == Outage(frozenset({"billing"}), moment(100))


def test_a_snapshot_of_an_earlier_release_is_read(redis_client: Any) -> None:
    config = get_config()
    body = encode(run((GOOD, GOOD))).replace(b',"recovered":0.0', b"")
    assert b"recovered" not in body
    snapshots.publish(redis_client, config.stream_prefix, 0, 1, body)
    assert read(redis_client, config) == Outage()
