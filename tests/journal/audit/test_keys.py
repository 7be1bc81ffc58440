"""Keys come and go, many processes ask for one at once, and seals lie wherever Django stores files."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.conf import Config, get_config
from monitoring.journal.audit import heads, keys, seals
from monitoring.journal.audit.families import families
from monitoring.journal.audit.models import StreamHead
from monitoring.journal.audit.verifying import Proof, verify
from tests.faults.processes import Thread

from .entries import NOW, sealed

_MEMORY = "django.core.files.storage.InMemoryStorage"


def _public(config: Config) -> str:
    return keys.signing_key(config).public


def proof(config: Config) -> Proof:
    return verify("audit", "default", seals.place(config), keys.trusted(config))


@pytest.mark.django_db
def test_after_a_change_of_the_key_earlier_seals_count_where_the_earlier_key_is_trusted(
    config: Config, settings: Any
) -> None:
    sealed(3)
    assert heads.seal(config, "default", NOW) == []
    earlier = keys.signing_key(config).public
    Path(config.journal_key_file).unlink()
    sealed(2)
    assert heads.seal(config, "default", NOW + timedelta(minutes=2)) == []
    assert keys.signing_key(config).public != earlier, "a process that runs on takes the new key"
    assert [(one.kind, one.sequence) for one in proof(config).problems] == [("seal forged", 3)]
    settings.MONITORING = {**settings.MONITORING, "JOURNAL_TRUSTED_KEYS": [earlier]}
    told = proof(get_config())
    assert (told.problems, told.sealed) == ([], 5)


@pytest.mark.django_db
def test_a_key_that_was_put_in_its_place_is_in_use_at_once(config: Config, tmp_path: Path) -> None:
    first = keys.signing_key(config).public
    keys._make(tmp_path / "other")
    shutil.move(tmp_path / "other", config.journal_key_file)
    assert keys.signing_key(config).public not in {first, ""}
    assert keys.trusted(config) == {keys.signing_key(config).public}


@pytest.mark.django_db
def test_seals_lie_in_a_storage_that_is_no_folder(config: Config, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "seals": {"BACKEND": _MEMORY}}
    settings.MONITORING = {**settings.MONITORING, "JOURNAL_SEALS_FOLDER": "", "JOURNAL_SEALS_STORAGE": "seals"}
    config = get_config()
    assert proof(config).problems == [], "nothing was ever written there"
    for number in range(3):
        sealed(2)
        assert heads.seal(config, "default", NOW + timedelta(minutes=2 * number)) == []
    where = seals.place(config)
    assert where is not None
    assert (seals.streams(where), seals.sequences(where, seals.SEAL, "audit")) == (["audit"], [2, 4, 6])
    assert (proof(config).problems, proof(config).sealed) == ([], 6)
    seals.delete(where, seals.SEAL, "audit", 4)
    assert [(one.kind, one.sequence) for one in proof(config).problems] == [("seal missing", 6)]
    heads.prune(config, "default", datetime.now(UTC) + timedelta(days=config.journal_retention_days + 1))
    assert seals.sequences(where, seals.PRUNED, "audit") == [6]


def test_many_processes_that_ask_for_the_key_at_once_have_the_same_one(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "key"
    config = Config(journal_key_file=str(path))
    with multiprocessing.get_context("fork").Pool(4) as processes:
        found = set(processes.map(_public, [config] * 16, chunksize=1))
    assert len(found) == 1
    assert os.listdir(path.parent) == ["key"], "whoever came later leaves nothing behind"


def test_many_threads_that_ask_for_the_key_at_once_have_the_same_one(tmp_path: Path) -> None:
    config = Config(journal_key_file=str(tmp_path / "key"))
    found = {thread.result() for thread in [Thread(lambda: _public(config)) for _ in range(16)]}
    assert (len(found), os.listdir(tmp_path)) == (1, ["key"])


def test_what_one_who_died_while_making_the_key_has_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f"key.{os.getpid()}").write_text("half a key")
    assert keys.signing_key(Config(journal_key_file=str(tmp_path / "key"))).public


@pytest.mark.django_db
def test_it_is_told_for_how_long_a_chain_was_not_sealed_outside(config: Config) -> None:
    def age() -> list[float]:
        told = {family.name: family for family in families(config)}
        return [sample.value for sample in told["enginel_journal_seal_age_seconds"].samples]

    sealed(1)
    assert age() == [], "it never was"
    StreamHead.objects.filter(stream="audit").update(sealed=1, sealed_at=datetime.now(UTC) - timedelta(hours=1))
    assert 3600 <= age()[0] < 7200
    StreamHead.objects.filter(stream="audit").update(sealed_at=datetime.now(UTC) + timedelta(hours=1))
    assert age() == [0.0], "a clock went backwards"
