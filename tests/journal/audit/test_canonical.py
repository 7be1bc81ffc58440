"""The bytes that digests are of: the same for what is the same, others for what is not, on every database."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as some

from monitoring.journal.audit import canonical, sealing, writing
from monitoring.journal.audit.models import EntryModel, JournalEntry, PendingEntry
from monitoring.journal.audit.writing import NewEntry
from tests.properties import FEW, MANY

from .entries import NOW

_TEXTS = some.text(max_size=40)
_NUMBERS = some.integers(-(2**200), 2**200) | some.floats()
_LEAVES = some.none() | some.booleans() | _NUMBERS | some.text(some.characters(codec=None), max_size=20)
_DETAILS = some.dictionaries(
    _TEXTS,
    some.recursive(
        _LEAVES,
        lambda part: some.lists(part, max_size=4) | some.dictionaries(_TEXTS, part, max_size=4),
        max_leaves=10,
    ),
    max_size=5,
)
_ENTRIES = some.builds(
    NewEntry,
    entry_id=some.uuids(),
    stream=some.sampled_from(["audit", "business", "security"]),
    at=some.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=some.just(UTC)),  # noqa: DTZ001
    actor=some.text(some.characters(codec=None), max_size=300),
    target_id=_TEXTS,
    details=_DETAILS,
)


def stored(entry: NewEntry) -> JournalEntry:
    return _sealed(writing._row(entry))


def _sealed(row: EntryModel) -> JournalEntry:
    return JournalEntry(**{name: getattr(row, name) for name in writing.FIELDS}, sealed_at=NOW)


def of(entry: JournalEntry) -> bytes:
    return canonical.of(entry, 1, canonical.GENESIS)


@pytest.mark.django_db
@FEW
@given(entry=_ENTRIES)
def test_what_is_written_has_the_bytes_of_what_is_read_before_and_after_it_was_sealed(entry: NewEntry) -> None:
    entry = dataclasses.replace(entry, entry_id=uuid4())
    made = of(stored(entry))
    writing.write([entry], "default")
    assert of(_sealed(PendingEntry.objects.get(entry_id=entry.entry_id))) == made
    sealing.seal("default", NOW)
    assert of(JournalEntry.objects.get(entry_id=entry.entry_id)) == made


@MANY
@given(entry=_ENTRIES)
def test_the_bytes_say_all_that_an_entry_says(entry: NewEntry) -> None:
    row = stored(entry)
    first, _, rest = canonical.of(row, 7, "f" * 64).partition(b"\n")
    assert first == b"enginel journal 1"
    said = json.loads(rest, parse_float=Decimal)
    assert said[:4] == [row.stream, 7, row.entry_id.hex, canonical.microseconds(row.at)]
    texts = [getattr(row, name) for name in canonical._TEXTS]
    assert said[4 : 5 + len(texts)] == [*texts, json.loads(json.dumps(row.details), parse_float=Decimal)]
    assert said[-1] == "f" * 64


@MANY
@given(one=_ENTRIES, other=_ENTRIES)
def test_entries_that_say_something_else_have_other_bytes(one: NewEntry, other: NewEntry) -> None:
    for name in ("entry_id", "at", "actor", "target_id", "stream", "details"):
        changed = dataclasses.replace(one, **{name: getattr(other, name)})
        same = _exactly(getattr(stored(one), name)) == _exactly(getattr(stored(changed), name))
        assert (of(stored(one)) == of(stored(changed))) is same


@MANY
@given(details=_DETAILS)
def test_the_order_of_keys_does_not_matter(details: dict[str, Any]) -> None:
    assert canonical.text(details) == canonical.text(_turned(details))


@pytest.mark.parametrize(
    ("one", "other"), [(True, 1), (False, 0), (None, ""), ("1", 1), ([], {}), ([[1], 2], [1, [2]]), ("a", "a\u0301")]
)
def test_what_looks_alike_has_other_bytes(one: Any, other: Any) -> None:
    assert canonical.text(one) != canonical.text(other)


@pytest.mark.parametrize(
    ("written", "read"),
    [(1.0, 1), (-0.0, 0), (1e300, 10**300), (1.2345678901234567e19, 12345678901234567000), (1e-9, 0.000000001)],
)
def test_numbers_have_the_bytes_of_what_postgresql_makes_of_them(written: float, read: float) -> None:
    assert canonical.text(written) == canonical.text(read)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(part) for key, part in reversed(value.items())}
    return [_turned(part) for part in value] if isinstance(value, list) else value


def _exactly(value: Any) -> Any:
    """Return a value that is equal to another one's only where both are stored alike: `True` is not 1, but 1.0 is."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: [_exactly(part)] for key, part in value.items()}
    return [_exactly(part) for part in value] if isinstance(value, list) else value
