"""The chains are looked at again and again, and who tampers with one is told of."""

from __future__ import annotations

import pytest
from django.db import connection

from monitoring.conf import Config
from monitoring.jobs.findings import Finding
from monitoring.journal.audit import checking, heads
from monitoring.journal.audit.families import families
from monitoring.journal.audit.models import StreamHead
from tasks import journal

from .conftest import without_triggers
from .entries import NOW, sealed, written

pytestmark = pytest.mark.django_db


def test_each_part_is_looked_at_in_its_turn(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "AT_ONCE", 4)
    sealed(10)
    heads.seal(config, "default", NOW)
    seen = []
    for _ in range(4):
        proof, *others = checking.look(config, "default")
        assert [*proof.problems, *(problem for one in others for problem in one.problems)] == []
        seen.append((proof.entries, proof.last))
    assert seen == [(4, 4), (4, 8), (2, 10), (4, 4)]


@pytest.mark.parametrize("where", [1, 4, 5, 10])
@pytest.mark.parametrize("how", ["UPDATE {} SET actor = 'eve'", "DELETE FROM {}"])
def test_what_is_wrong_is_found_in_one_round(
    config: Config, monkeypatch: pytest.MonkeyPatch, where: int, how: str
) -> None:
    monkeypatch.setattr(checking, "AT_ONCE", 4)
    sealed(10)
    with without_triggers() as cursor:
        cursor.execute(how.format("monitoring_journalentry") + " WHERE sequence = %s", [where])
    found = [
        problem.sequence for _ in range(3) for proof in checking.look(config, "default") for problem in proof.problems
    ]
    assert found
    assert found[0] == where


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("DELETE FROM monitoring_journalentry WHERE sequence > 8", "truncated"),
        ("DELETE FROM monitoring_streamhead", "truncated"),
        ("UPDATE monitoring_streamhead SET pruned = 5", "unproved"),
    ],
)
def test_what_was_done_to_the_ends_is_found_at_once(config: Config, statement: str, kind: str) -> None:
    sealed(10)
    heads.seal(config, "default", NOW)
    with without_triggers() as cursor:
        cursor.execute(statement)
    proof, *_ = checking.look(config, "default")
    assert kind in {problem.kind for problem in proof.problems}


@pytest.mark.usefixtures("redis_client")
def test_it_is_told_once(config: Config) -> None:
    sealed(3)
    with without_triggers() as cursor:
        cursor.execute("UPDATE monitoring_journalentry SET actor = 'eve' WHERE sequence = 2")
    for _ in range(3):
        journal.check()
    finding = Finding.objects.get(kind="audit_tampered")
    assert (finding.subject, finding.detail["kind"]) == ("audit 2 edited", "edited")


@pytest.mark.usefixtures("redis_client")
def test_the_task_seals_inside_and_outside(config: Config) -> None:
    written(3)
    journal.seal()
    head = StreamHead.objects.get(stream="audit")
    assert (head.sequence, head.sealed) == (3, 3)
    told = {family.name: [sample.value for sample in family.samples] for family in families(config)}
    assert told["enginel_journal_entries"] == [3.0]
    assert told["enginel_journal_unproved"] == [0.0]
    assert told["enginel_journal_pending"] == [0.0]
    assert connection.vendor in {"sqlite", "postgresql"}
