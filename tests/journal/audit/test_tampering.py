"""Whatever an intruder does to the journal or its seals is found, by its kind and place."""

from __future__ import annotations

import dataclasses
import io
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from monitoring.conf import Config, get_config
from monitoring.journal.audit import canonical, heads, keys, sealing, seals, verifying
from monitoring.journal.audit.models import JournalEntry, StreamHead
from monitoring.journal.audit.verifying import Proof, verify

from .conftest import without_triggers
from .entries import NOW, written

pytestmark = pytest.mark.django_db
TABLE = "monitoring_journalentry"


@pytest.fixture
def chain(config: Config) -> list[JournalEntry]:
    """Ten entries, sealed outside after the fourth and the eighth."""
    for count, at in ((4, NOW), (4, NOW + timedelta(minutes=2))):
        written(count)
        sealing.seal("default", at)
        assert heads.seal(config, "default", at) == []
    written(2)
    sealing.seal("default", at)
    return list(JournalEntry.objects.order_by("sequence"))


def proof(config: Config) -> Proof:
    return verify("audit", "default", seals.place(config), keys.trusted(config))


def found(config: Config) -> list[tuple[str, int]]:
    return [(one.kind, one.sequence) for one in proof(config).problems]


def tamper(statement: str, *values: Any) -> None:
    with without_triggers() as cursor:
        cursor.execute(statement, values)


def made_anew(first: int, actor: str, *, head: bool = True) -> None:
    """Write the chain anew from an entry on, with digests that fit, as who owns the database can."""
    previous = canonical.GENESIS
    for row in JournalEntry.objects.filter(stream="audit").order_by("sequence"):
        if row.sequence >= first:
            row.actor = actor if row.sequence == first else row.actor
            row.digest = canonical.digest(row, row.sequence, previous)
            tamper(
                f"UPDATE {TABLE} SET actor = %s, previous = %s, digest = %s WHERE sequence = %s",
                row.actor, previous, row.digest, row.sequence,
            )  # fmt: skip
        previous = row.digest
    if head:
        StreamHead.objects.filter(stream="audit").update(digest=previous)


def test_a_chain_that_nobody_touched_is_proved(config: Config, chain: list[JournalEntry]) -> None:
    told = proof(config)
    assert (told.entries, told.last, told.sealed, told.problems) == (10, 10, 8, [])


@pytest.mark.parametrize(
    "change", ["actor = 'eve'", "outcome = 'denied'", "details = '{\"a\": 1}'", "at = '2020-01-01 00:00:00+00:00'"]
)
@pytest.mark.parametrize("sequence", [1, 5, 10])
def test_an_edit_is_found(config: Config, chain: list[JournalEntry], change: str, sequence: int) -> None:
    tamper(f"UPDATE {TABLE} SET {change} WHERE sequence = %s", sequence)
    assert found(config) == [("edited", sequence)]


@pytest.mark.parametrize("sequence", [1, 5, 8])
def test_a_deletion_is_found(config: Config, chain: list[JournalEntry], sequence: int) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE sequence = %s", sequence)
    assert found(config) == [("missing", sequence)]


def test_a_deletion_whose_gap_was_closed_is_found(config: Config, chain: list[JournalEntry]) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE sequence = 5")
    for sequence in range(6, 11):
        tamper(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", sequence - 1, sequence)
    assert ("edited", 5) in found(config) or ("moved", 5) in found(config)


def test_a_reordering_is_found(config: Config, chain: list[JournalEntry]) -> None:
    for before, after in ((3, 99), (4, 3), (99, 4)):
        tamper(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", after, before)
    told = found(config)
    assert ("moved", 3) in told
    assert ("moved", 4) in told


def test_an_insertion_is_found(config: Config, chain: list[JournalEntry]) -> None:
    for sequence in range(10, 6, -1):
        tamper(f"UPDATE {TABLE} SET sequence = %s WHERE sequence = %s", sequence + 1, sequence)
    forged = JournalEntry(entry_id="1" * 32, stream="audit", at=NOW, action="x", sequence=7, sealed_at=NOW)
    forged.previous = chain[5].digest
    forged.entry_id = chain[0].entry_id.__class__(int=7)
    forged.digest = canonical.digest(forged, 7, forged.previous)
    forged.save(force_insert=True)
    told = found(config)
    assert told
    assert min(sequence for _, sequence in told) in {7, 8}


@pytest.mark.parametrize(("kept", "hidden"), [(9, False), (9, True), (7, True)])
def test_a_truncation_is_found(config: Config, chain: list[JournalEntry], kept: int, *, hidden: bool) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE sequence > %s", kept)
    if hidden:  # the head is set back as well: what was sealed outside is known still
        StreamHead.objects.filter(stream="audit").update(sequence=kept, digest=chain[kept - 1].digest, sealed=4)
    expected = [] if hidden and kept >= 8 else [("truncated", kept + 1)]
    assert found(config) == expected, "what was not sealed yet, who owns the database can take away"


@pytest.mark.parametrize("first", [1, 4, 6])
def test_a_chain_that_was_made_anew_is_found_by_its_seals(
    config: Config, chain: list[JournalEntry], first: int
) -> None:
    made_anew(first, "eve")
    assert ("rewritten", 4 if first <= 4 else 8) in found(config)


def test_a_chain_and_its_seals_that_were_made_anew_are_found_by_the_key(
    config: Config, chain: list[JournalEntry], tmp_path: Path
) -> None:
    key = keys.trusted(config)
    made_anew(1, "eve")
    where = seals.place(config)
    assert where is not None
    for sequence in (4, 8):
        seals.delete(where, seals.SEAL, "audit", sequence)
    keys._make(tmp_path / "another key")
    stolen = keys.signing_key(dataclasses.replace(config, journal_key_file=str(tmp_path / "another key")))
    rows = {row.sequence: row.digest for row in JournalEntry.objects.all()}
    before = 0
    for sequence in (4, 8):
        seals.write(where, stolen, seals.Point(seals.SEAL, "audit", sequence, rows[sequence]), before, NOW)
        before = sequence
    told = verify("audit", "default", where, key)
    assert [(one.kind, one.sequence) for one in told.problems] == [("seal forged", 4), ("seal forged", 8)]
    assert told.sealed == 0


def on_file(config: Config, sequence: int) -> Path:
    return Path(config.journal_seals_folder) / "audit" / f"{sequence:019d}.seal.json"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"null", b'{"kind": 1}'])
def test_a_seal_that_was_overwritten_is_found(config: Config, chain: list[JournalEntry], content: bytes) -> None:
    path = on_file(config, 4)
    path.chmod(0o600)
    path.write_bytes(content)
    assert ("seal forged", 4) in found(config)


def test_a_seal_that_was_taken_away_is_found(config: Config, chain: list[JournalEntry]) -> None:
    written(1)
    sealing.seal("default", NOW)
    heads.seal(config, "default", NOW + timedelta(minutes=9))
    on_file(config, 8).unlink()
    assert ("seal missing", 11) in found(config)


def test_the_last_seal_that_was_taken_away_is_told_when_the_next_is_made(
    config: Config, chain: list[JournalEntry]
) -> None:
    on_file(config, 8).unlink()
    assert found(config) == [("seal missing", 8)]
    (wrong,) = heads.seal(config, "default", NOW + timedelta(minutes=9))
    assert "the seal of entry 8 is not there any more" in wrong
    assert on_file(config, 10).exists(), "the others go on"


def test_who_dies_before_it_is_noted_that_a_seal_was_made_finds_it(config: Config, chain: list[JournalEntry]) -> None:
    assert heads.seal(config, "default", NOW + timedelta(minutes=9)) == []
    StreamHead.objects.filter(stream="audit").update(sealed=8)
    assert heads.seal(config, "default", NOW + timedelta(minutes=19)) == []
    assert (StreamHead.objects.get(stream="audit").sealed, found(config)) == (10, [])


LATER = NOW + timedelta(days=400, seconds=30)
"""When the seal of the fourth entry is old enough, and that of the eighth is not."""


def sequences() -> list[int]:
    return list(JournalEntry.objects.order_by("sequence").values_list("sequence", flat=True))


def test_what_retention_let_go_leaves_the_rest_provable(config: Config, chain: list[JournalEntry]) -> None:
    assert heads.prune(config, "default", LATER) == []
    assert sequences() == [5, 6, 7, 8, 9, 10], "up to the last seal among what is old"
    told = proof(config)
    assert (told.entries, told.sealed, told.problems) == (6, 8, [])
    assert heads.prune(config, "default", LATER) == []
    assert len(sequences()) == 6


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET actor = 'eve' WHERE sequence = 2",
        f"DELETE FROM {TABLE} WHERE sequence < 4",
        f"UPDATE {TABLE} SET form = 2 WHERE sequence = 1",
    ],
)
def test_what_was_tampered_with_stays_as_evidence(config: Config, chain: list[JournalEntry], statement: str) -> None:
    tamper(statement)
    before = sequences()
    (wrong,) = heads.prune(config, "default", LATER)
    assert "old entries stay" in wrong
    assert sequences() == before
    assert found(config)


def test_who_dates_entries_back_has_none_deleted(config: Config, chain: list[JournalEntry]) -> None:
    tamper(f"UPDATE {TABLE} SET sealed_at = '2020-01-01 00:00:00+00:00'")
    assert heads.prune(config, "default", NOW) == []
    assert len(sequences()) == 10


def test_a_chain_that_goes_on_meanwhile_is_proved_as_far_as_it_went(
    config: Config, chain: list[JournalEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = verifying._pages

    def while_others_seal(rows: Any) -> Any:
        written(3)
        sealing.seal("default", NOW)
        heads.seal(config, "default", NOW + timedelta(minutes=9))
        return pages(rows)

    monkeypatch.setattr(verifying, "_pages", while_others_seal)
    told = proof(config)
    assert (told.last, told.problems) == (10, [])


def test_what_retention_lets_go_meanwhile_is_not_missing(
    config: Config, chain: list[JournalEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, first = verifying._pages, []

    def while_others_prune(rows: Any) -> Any:
        if not first:
            first.append(1)
            heads.prune(config, "default", LATER)
        return pages(rows)

    monkeypatch.setattr(verifying, "_pages", while_others_prune)
    told = proof(config)
    assert (told.entries, told.problems) == (6, [])


def test_who_dies_between_seal_and_note_leaves_a_chain_of_seals(config: Config, chain: list[JournalEntry]) -> None:
    heads.seal(config, "default", NOW + timedelta(minutes=9))
    StreamHead.objects.filter(stream="audit").update(sealed=8, sealed_at=NOW)
    written(1)
    sealing.seal("default", NOW)
    assert heads.seal(config, "default", NOW + timedelta(minutes=19)) == []
    assert found(config) == []


def test_all_seals_that_were_taken_away_are_missed(config: Config, chain: list[JournalEntry]) -> None:
    on_file(config, 4).unlink()
    on_file(config, 8).unlink()
    assert ("seal missing", 8) in found(config)


def test_entries_that_nobody_seals_are_missed(config: Config, chain: list[JournalEntry]) -> None:
    """Seals, entries and head may all be set back; then nobody seals the rest in time."""
    on_file(config, 8).unlink()
    StreamHead.objects.filter(stream="audit").update(sealed=4)
    where, late = seals.place(config), NOW + timedelta(minutes=30)
    told = verify("audit", "default", where, keys.trusted(config), overdue=late)
    assert [(one.kind, one.sequence) for one in told.problems] == [("unproved", 5)]
    assert verify("audit", "default", where, keys.trusted(config), overdue=NOW).problems == []


@pytest.mark.parametrize("content", [b"", b'{"kind": "se'])
def test_a_seal_that_was_torn_by_a_crash_is_made_anew(
    config: Config, chain: list[JournalEntry], content: bytes
) -> None:
    on_file(config, 10).write_bytes(content)
    assert heads.seal(config, "default", NOW + timedelta(minutes=9)) == []
    assert found(config) == []


def test_seals_go_on_in_another_place(config: Config, chain: list[JournalEntry], settings: Any, tmp_path: Path) -> None:
    settings.MONITORING = {**settings.MONITORING, "JOURNAL_SEALS_FOLDER": str(tmp_path / "elsewhere")}
    elsewhere = get_config()
    (told,) = heads.seal(elsewhere, "default", NOW + timedelta(minutes=9))
    assert "not there any more" in told
    assert found(elsewhere) == []


def test_a_backup_that_was_restored_is_told_and_not_sealed_over(config: Config, chain: list[JournalEntry]) -> None:
    tamper(f"DELETE FROM {TABLE} WHERE sequence > 6")
    StreamHead.objects.filter(stream="audit").update(sequence=6, digest=chain[5].digest, sealed=4, sealed_at=NOW)
    (told,) = heads.seal(config, "default", NOW + timedelta(minutes=9))
    assert "a backup was restored" in told
    assert ("truncated", 7) in found(config)


@pytest.mark.parametrize(
    "columns", [{"sealed": 10**12}, {"sealed": 10}, {"sealed_at": NOW + timedelta(days=30_000)}, {"sealed": 0}]
)
def test_nobody_has_sealing_stopped_by_a_column_of_the_database(
    config: Config, chain: list[JournalEntry], columns: dict[str, Any]
) -> None:
    StreamHead.objects.filter(stream="audit").update(**columns)
    heads.seal(config, "default", NOW + timedelta(minutes=9))
    assert on_file(config, 10).exists()
    assert (StreamHead.objects.get(stream="audit").sealed, found(config)) == (10, [])


def test_an_odd_stream_stops_no_other(config: Config, chain: list[JournalEntry]) -> None:
    written(1, "../../evil")
    StreamHead.objects.create(stream="../evil", sequence=3, digest="0" * 64)
    sealing.seal("default", NOW)
    assert heads.seal(config, "default", NOW + timedelta(minutes=9)) == []
    assert on_file(config, 10).exists()
    call_command("verify_audit", stdout=io.StringIO())


def test_a_folder_that_cannot_be_written_is_told_and_stops_nothing_else(
    config: Config, chain: list[JournalEntry], tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "file").write_text("")
    settings.MONITORING = {**settings.MONITORING, "JOURNAL_SEALS_FOLDER": str(tmp_path / "file" / "below")}
    (told,) = heads.seal(get_config(), "default", NOW + timedelta(minutes=9))
    assert "cannot be sealed" in told


def test_who_pretends_that_retention_let_entries_go_is_found(config: Config, chain: list[JournalEntry]) -> None:
    StreamHead.objects.filter(stream="audit").update(pruned=4)
    JournalEntry.objects.filter(sequence__lte=4).delete()
    assert found(config) == [("unproved", 4)]


def test_the_commands_prove_export_and_say_what_is_wrong(
    config: Config, chain: list[JournalEntry], tmp_path: Path, settings: Any
) -> None:
    def told(*arguments: str, command: str = "verify_audit") -> str:
        out = io.StringIO()
        try:
            call_command(command, *arguments, stdout=out, stderr=io.StringIO())
        except CommandError as error:
            return f"{out.getvalue()}{error.returncode}"
        return out.getvalue()

    settings.MONITORING = {**settings.MONITORING, "JOURNAL_SEAL_SECONDS": 10**9}
    assert told() == "audit: 10 entries, sealed up to number 8, 2 since then hang together\n"
    exported = tmp_path / "export"
    exported.write_text(told(command="export_audit"))
    key = told("--show-key").strip()
    settings.MONITORING = {**settings.MONITORING, "JOURNAL_KEY_FILE": ""}
    assert told("--file", str(exported), "--public-key", key) == told("--public-key", key)

    text = exported.read_text()
    without_seals = "\n".join(line for line in text.splitlines() if '"seal":' not in line)
    without_one = "\n".join(text.splitlines()[:3] + text.splitlines()[4:])
    cut = ["\n".join(text.splitlines()[:count]) for count in (1, 5, len(text.splitlines()) - 1)]
    for tampered in (text.replace('"ann"', '"eve"', 1), without_one, without_seals, *cut):
        exported.write_text(tampered)
        assert told("--file", str(exported), "--public-key", key).endswith("1")
    for hostile in ("", "x", "[]", '{"a":' * 100_000, '{"enginel": "journal", "form": 1}\n{"entry": 5}'):
        exported.write_text(hostile)
        assert told("--file", str(exported)).endswith("2")

    exported.write_text(text)
    another = keys.signing_key(dataclasses.replace(config, journal_key_file=str(tmp_path / "another"))).public
    assert told("--file", str(exported), "--public-key", another).endswith("1")
    assert "seal forged" in told("--public-key", another)
    assert told("--public-key", "AAAA").endswith("2")

    tamper(f"UPDATE {TABLE} SET actor = 'eve' WHERE sequence = 5")
    assert "audit 5: edited: entry 5 is not what was written" in told("--public-key", key)


def test_a_key_is_made_once_and_is_its_owners_alone(config: Config) -> None:
    path = Path(config.journal_key_file)
    first = keys.signing_key(config).public
    assert path.stat().st_mode & 0o777 == 0o600
    keys._read.cache_clear()
    assert keys.signing_key(config).public == first
    assert os.listdir(path.parent) == ["key"]


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "k").write_text(content)
    with pytest.raises(keys.UnreadableKeyError, match="holds no private key"):
        keys._read(tmp_path / "k")
