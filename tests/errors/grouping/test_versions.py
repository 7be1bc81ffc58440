"""A new way of grouping does not open new groups for what is known."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.db import connections, router

from monitoring.errors.digest import grouping, sightings
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.recording import fingerprint
from monitoring.storage.folding import Fact, Scope

pytestmark = pytest.mark.django_db
NOW = 1_795_000_000_000


def _second(values: Mapping[str, Any]) -> str:
    """Tells by the line, too."""
    line = values["chain"][0]["frames"][-1][3]
    return fingerprint._digest(f"2 {values['chain'][0]['type']} {line}")


def _error(function: str, line: int = 1) -> Fact:
    """An error as a process sends it that has the current version."""
    frames = [["shop.orders", "/srv/orders.py", function, line, True]]
    chain = [{"type": "KeyError", "message": "'price'", "mro": ["KeyError"], "link": "", "frames": frames}]
    values: dict[str, Any] = {"id": uuid.uuid4().hex, "kind": "exception", "name": "GET orders/", "chain": chain}
    values["fingerprint"] = fingerprint.current(values)
    return Fact("error", "shop", NOW, values, {})


def _assign(facts: Sequence[Fact]) -> list[int]:
    connection = connections[router.db_for_write(ErrorGroup)]
    seen = [sightings.of_fact(fact) for fact in facts]
    grouping.assign(seen, Scope(connection, 0, "facts", NOW, 100, 100, 100))
    return [one.group_id for one in seen]


def _fingerprints(group: int) -> int:
    return GroupFingerprint.objects.filter(group=group).count()


def test_groups_stay_when_a_version_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    known, other = _assign([_error("total"), _error("label")])
    monkeypatch.setattr(fingerprint, "VERSIONS", [*fingerprint.VERSIONS, _second])
    again = _assign([_error("total", line=5)])
    assert again == [known]
    assert (_fingerprints(known), _fingerprints(other)) == (2, 1)


def test_what_is_new_is_known_by_the_new_version_and_by_old_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    old = _error("save", line=9)
    monkeypatch.setattr(fingerprint, "VERSIONS", [*fingerprint.VERSIONS, _second])
    group, same = _assign([_error("save", line=9), old])
    assert group == same
    assert _fingerprints(group) == 2
    monkeypatch.undo()
    assert _assign([_error("save", line=77)]) == [group]


def test_a_group_known_by_an_older_version_keeps_what_the_new_one_tells_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    (known,) = _assign([_error("total")])
    monkeypatch.setattr(fingerprint, "VERSIONS", [*fingerprint.VERSIONS, _second])
    assert _assign([_error("total", line=1), _error("total", line=2)]) == [known, known]
    assert ErrorGroup.objects.count() == 1


def test_what_is_new_is_told_apart_by_the_new_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "VERSIONS", [*fingerprint.VERSIONS, _second])
    one, other = _assign([_error("total", line=1), _error("total", line=2)])
    assert one != other
    assert _assign([_error("total", line=2), _error("total", line=1)]) == [other, one]
