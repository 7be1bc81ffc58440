"""Rows in one statement, by keys that are asked for beforehand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.intake.connections import write_connection
from monitoring.storage import bulk

pytestmark = pytest.mark.django_db
THEN = datetime(2026, 11, 20, tzinfo=UTC)


def test_reserved_keys_are_nobody_elses() -> None:
    before = ErrorGroup.objects.create(first_seen=THEN, last_seen=THEN)
    keys = bulk.reserve(write_connection(), ErrorGroup, 3)
    groups = [ErrorGroup(pk=key, first_seen=THEN, last_seen=THEN) for key in keys]
    ErrorGroup.objects.bulk_create(groups)
    after = ErrorGroup.objects.create(first_seen=THEN, last_seen=THEN)
    assert len({before.pk, *keys, after.pk}) == 5
    assert after.pk > max(keys) > before.pk


def test_rows_that_another_rules_out_are_left_out() -> None:
    group = ErrorGroup.objects.create(first_seen=THEN, last_seen=THEN)
    GroupFingerprint.objects.create(service="shop", fingerprint="a", group=group)
    rows = {"service": ["shop"] * 3, "fingerprint": ["a", "b", "b"], "group_id": [group.pk] * 3}
    bulk.insert(write_connection(), GroupFingerprint, rows)
    assert sorted(GroupFingerprint.objects.values_list("fingerprint", flat=True)) == ["a", "b"]
