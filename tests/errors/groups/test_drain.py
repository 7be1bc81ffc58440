"""Groups follow what drains count: real batches, through Redis, on both databases."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from monitoring.conf import get_config
from monitoring.errors.groups import actions, merging
from monitoring.errors.groups.actions import Ignoring
from monitoring.errors.groups.models import EntryKind, ErrorGroup
from monitoring.intake.drain import drain
from monitoring.recording import wire
from monitoring.recording.events import Occurrence
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import HOUR, Shop, error, now, repetition
from tests.faults.conftest import database
from tests.faults.processes import Thread
from tests.pipeline import client, drain_all, intake

__all__ = ["database"]

pytestmark = pytest.mark.usefixtures("redis_client")


def seen(*events: wire.Record | Occurrence) -> None:
    Shop(release=get_config().release).send(*events)
    drain_all(FACTS)


def made(function: str = "buy") -> tuple[ErrorGroup, str]:
    """Return the group of a function's errors, and their fingerprint."""
    seen(error(function))
    one = ErrorGroup.objects.latest("pk")
    return one, one.fingerprints.get().fingerprint


def status(one: ErrorGroup) -> str:
    return ErrorGroup.objects.get(pk=one.pk).status


@pytest.mark.django_db
def test_a_repetition_makes_a_resolved_group_regress_and_a_late_one_does_not() -> None:
    one, fingerprint = made()
    actions.resolve([one.pk], None)

    seen(repetition(fingerprint, at=now() - HOUR))
    assert status(one) == "resolved"

    seen(repetition(fingerprint, at=now() + 10**9))
    assert status(one) == "regressed"


@pytest.mark.django_db
def test_what_is_resolved_in_the_next_release_waits_for_it(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "RELEASE": "1.0"}
    one, fingerprint = made()
    actions.resolve_in_release([one.pk], "", None)

    seen(repetition(fingerprint, at=now() + 10**9))
    assert status(one) == "resolved_in_release"

    settings.MONITORING = {**settings.MONITORING, "RELEASE": "1.1"}
    seen(repetition(fingerprint, at=now() + 10**9))
    assert status(one) == "regressed"


@pytest.mark.django_db
@pytest.mark.parametrize("ignoring", [Ignoring(count=4), Ignoring(rate=4, minutes=5)])
def test_ignoring_counts_the_repetitions_of_all_that_is_merged(ignoring: Ignoring) -> None:
    (root, of_root), (member, of_member) = made("buy"), made("sell")
    merging.merge(root.pk, [member.pk], None)
    actions.ignore([root.pk], ignoring, None)
    later = now() + 10**9

    seen(repetition(of_root, at=later), repetition(of_member, at=later), repetition(of_member, at=later))
    assert status(root) == "ignored"

    seen(repetition(of_member, at=later))
    assert status(root) == "unresolved"


def test_drains_of_two_shards_at_once_let_a_group_regress_once(database: None) -> None:
    one, fingerprint = made()
    member, of_member = made("sell")
    merging.merge(one.pk, [member.pk], None)
    actions.resolve([one.pk], None)
    for shard in (0, 1):
        events = [repetition(key, at=now() + 10**9) for key in (fingerprint, of_member)]
        Shop(shard=shard).send(*events)
    together = threading.Barrier(2)

    def run(shard: int) -> None:
        together.wait(30)
        drain(intake(FACTS, shard), client())

    for thread in [Thread(lambda: run(0)), Thread(lambda: run(1))]:
        thread.result()

    assert status(one) == "regressed"
    assert sorted(ErrorGroup.objects.values_list("count", flat=True)) == [3, 3]
    assert one.entries.filter(kind=EntryKind.REGRESSED).count() == 1
