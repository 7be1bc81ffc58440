"""The snapshot moves on by results, survives its journey, and is summed up by component."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitoring.component import Check, Outcome, Status
from monitoring.health.snapshot import Snapshot, advance, decode, due, encode, parts
from tests.health.stubs import GOOD, Billing

CHECKS: list[Check] = [Billing(), replace(Billing(), id="second"), replace(Billing(), id="other", component="other")]
BAD = Outcome(Status.UNHEALTHY, "Broken", {"figure": 2})


def move(before: Snapshot | None, now: float, **outcomes: Outcome) -> Snapshot:
    version = before.version + 1 if before else 1
    return advance(before, CHECKS, outcomes, version=version, now=now, fall=2, rise=2)


def test_what_was_not_run_stays_as_it_was() -> None:
    first = move(None, 100.0, billing=GOOD)
    second = move(first, 105.0, other=BAD)
    assert list(second.checks) == ["billing", "other"]
    assert second.checks["billing"] == first.checks["billing"]
    assert (second.version, second.at) == (2, 105.0)


def test_checks_that_are_no_longer_configured_are_forgotten() -> None:
    first = move(None, 100.0, billing=GOOD, other=GOOD)
    assert list(advance(first, CHECKS[:1], {}, version=2, now=105.0, fall=2, rise=2).checks) == ["billing"]


def test_a_result_that_is_not_believed_yet_changes_neither_message_nor_figures() -> None:
    snapshot = move(move(None, 100.0, billing=GOOD), 110.0, billing=BAD)
    known = snapshot.checks["billing"]
    assert (known.status, known.message, known.details) == (Status.HEALTHY, "All is well", {"figure": 1})
    assert (known.checked, known.since) == (110.0, 100.0)
    known = move(snapshot, 120.0, billing=BAD).checks["billing"]
    assert (known.status, known.message, known.since) == (Status.UNHEALTHY, "Broken", 120.0)


def test_a_component_is_as_bad_as_the_worst_of_its_checks() -> None:
    snapshot = move(None, 100.0, billing=GOOD, second=BAD, other=GOOD)
    found = parts(snapshot.checks.values())
    assert {name: part.status for name, part in found.items()} == {
        "billing": Status.UNHEALTHY,
        "other": Status.HEALTHY,
    }
    assert found["billing"].message == "Broken"
    assert found["billing"].public == {"figure": 2}


def test_it_survives_its_journey() -> None:
    snapshot = move(None, 100.0, billing=GOOD, other=BAD)
    assert decode(encode(snapshot)) == snapshot


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"version": "x"}', b"[1]"])
def test_what_is_no_snapshot_is_none(body: bytes) -> None:
    assert decode(body) is None


@pytest.mark.parametrize(("passed", "expected"), [(1.0, False), (7.4, False), (7.6, True), (60.0, True), (-60.0, True)])
def test_a_check_is_due_nearest_to_its_interval_whichever_clock_is_ahead(passed: float, *, expected: bool) -> None:
    check = replace(Billing(), interval=10.0)
    before = advance(None, [check], {"billing": GOOD}, version=1, now=1000.0, fall=2, rise=2)
    assert bool(due(before, [check], 1000.0 + passed)) is expected


def test_a_check_that_never_ran_is_due() -> None:
    assert due(None, CHECKS, 0.0) == CHECKS
