"""What is written waits, becomes part of its chain once, and stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from monitoring.journal.audit import canonical, sealing
from monitoring.journal.audit.models import JournalEntry, PendingEntry, StreamHead
from monitoring.journal.audit.writing import write

from .entries import NOW, new, sealed, written


@pytest.mark.django_db
def test_entries_are_chained_in_the_order_in_which_they_were_written() -> None:
    made = written(3)
    assert sealing.seal("default", NOW) == 3
    chain = list(JournalEntry.objects.order_by("sequence"))
    assert [row.entry_id for row in chain] == [one.entry_id for one in made]
    assert [row.sequence for row in chain] == [1, 2, 3]
    assert [row.previous for row in chain] == [canonical.GENESIS, chain[0].digest, chain[1].digest]
    for row in chain:
        assert row.digest == canonical.digest(row, row.sequence, row.previous)
    head = StreamHead.objects.get(stream="audit")
    assert (head.sequence, head.digest) == (3, chain[2].digest)
    assert not PendingEntry.objects.exists()


@pytest.mark.django_db
def test_each_stream_has_a_chain_of_its_own() -> None:
    written(2, "audit")
    written(1, "security")
    sealing.seal("default", NOW)
    assert set(JournalEntry.objects.values_list("stream", "sequence")) == {("audit", 1), ("audit", 2), ("security", 1)}


@pytest.mark.django_db
def test_an_entry_that_is_written_again_is_kept_once_whether_it_waits_or_is_sealed() -> None:
    one = new()
    write([one], "default")
    write([one], "default")
    sealing.seal("default", NOW)
    write([one], "default")
    sealing.seal("default", NOW)
    assert JournalEntry.objects.get().entry_id == one.entry_id


@pytest.mark.django_db
def test_one_that_was_sealed_while_it_was_written_again_is_dropped() -> None:
    (row,) = sealed(1)
    PendingEntry.objects.create(entry_id=row.entry_id, stream="audit", at=NOW, action="again")
    assert sealing.seal("default", NOW) == 1
    assert StreamHead.objects.get(stream="audit").sequence == 1
    assert not PendingEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "hostile",
    [
        {"actor": "a\0b"},
        {"actor": "\ud800"},
        {"target_id": "x" * 10_000},
        {"details": {"n": float("nan"), "i": 1e300, "k\0": ["\udfff", {"deep": "\0"}]}},
        {"details": {"float": 1.0, "large": 1e20, "small": 1e-9, "minus": -0.0, "whole": 2**80, "b": True, "n": None}},
        {"details": {"é": 1, "e": 2, "Z": 3, "😀": 4, "\uffff": 5}},
    ],
)
def test_whatever_is_written_has_the_digest_of_what_is_read(hostile: dict[str, Any]) -> None:
    write([new(**hostile)], "default")
    sealing.seal("default", NOW)
    row = JournalEntry.objects.get()
    assert row.digest == canonical.digest(row, 1, canonical.GENESIS)


@pytest.mark.django_db
def test_the_database_refuses_to_change_or_delete_what_is_sealed() -> None:
    sealed(2)
    for tamper in (lambda rows: rows.update(actor="eve"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="neither changed nor deleted"), transaction.atomic():
            tamper(JournalEntry.objects.filter(sequence=1))
    assert JournalEntry.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("moved", [{"sequence": 9}, {"digest": "f" * 64}], ids=["further", "to another entry"])
def test_who_is_overtaken_starts_over(moved: dict[str, Any]) -> None:
    written(2)
    steps = []

    def overtake(step: str) -> None:
        steps.append(step)
        if steps.count("deleted") == 1 and step == "deleted":
            StreamHead.objects.filter(stream="audit").update(**moved)

    assert sealing.seal("default", NOW, overtake) == 2
    assert (steps.count("deleted"), steps.count("moved")) == (2, 1)
    assert JournalEntry.objects.count() == 2


@pytest.mark.django_db
def test_who_is_overtaken_again_and_again_leaves_everything_as_it_was() -> None:
    written(2)

    def overtake(step: str) -> None:
        if step == "deleted":
            StreamHead.objects.filter(stream="audit").update(digest="f" * 64)

    with pytest.raises(sealing.OvertakenError):
        sealing.seal("default", NOW, overtake)
    assert (PendingEntry.objects.count(), JournalEntry.objects.count()) == (2, 0)
