"""Whoever dies while sealing leaves no entry twice and none out; many who seal at once make one chain."""

from __future__ import annotations

import pytest

from monitoring.journal.audit import canonical, sealing
from monitoring.journal.audit.models import JournalEntry
from tests.journal.audit.entries import NOW, written

from .processes import ENDED, Thread, end, in_child

pytestmark = pytest.mark.usefixtures("redis_client", "database")


@pytest.mark.parametrize("step", ["read", "inserted", "deleted", "moved", "end"])
def test_who_dies_while_sealing_leaves_nothing_half_done(step: str) -> None:
    made = written(5)

    def die(name: str) -> None:
        if name == step:
            end()

    assert in_child(lambda: sealing.seal("default", NOW, die)) == ENDED
    assert JournalEntry.objects.count() == (5 if step == "end" else 0)
    sealing.seal("default", NOW)
    chain = list(JournalEntry.objects.order_by("sequence"))
    assert [row.entry_id for row in chain] == [one.entry_id for one in made]
    assert [row.sequence for row in chain] == [1, 2, 3, 4, 5]


def test_many_who_write_and_seal_at_once_make_one_chain() -> None:
    def work() -> None:
        for _ in range(5):
            written(7)
            try:
                sealing.seal("default", NOW)
            except sealing.OvertakenError:
                continue

    for thread in [Thread(work) for _ in range(4)]:
        thread.result()
    sealing.seal("default", NOW)
    chain = list(JournalEntry.objects.order_by("sequence"))
    assert [row.sequence for row in chain] == list(range(1, 141))
    previous = canonical.GENESIS
    for row in chain:
        assert row.previous == previous
        previous = row.digest
