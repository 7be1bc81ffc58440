"""Severities are stored in one form; log levels are taken for what they stand for."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.db.models import Value
from django.db.models.functions import Concat

from monitoring.errors.log.models import ErrorLog

pytestmark = pytest.mark.django_db

Rows = ErrorLog.objects


@pytest.mark.parametrize(
    ("given", "stored"),
    [("ERROR", "high"), ("critical", "critical"), ("Warning", "medium"), ("INFO", "low"), ("", ""), ("odd", "odd")],
)
def test_what_is_written(given: str, stored: str) -> None:
    row = Rows.create(severity=given)
    assert row.severity == stored
    Rows.bulk_create([ErrorLog(severity=given)])
    assert set(Rows.values_list("severity", flat=True)) == {stored}
    Rows.update(severity=given)
    assert set(Rows.values_list("severity", flat=True)) == {stored}


@pytest.mark.parametrize(
    "asked",
    [
        {"severity": "ERROR"},
        {"severity": "high"},
        {"severity__in": ["CRITICAL", "error"]},
        {"severity__contains": "ig"},
    ],
)
def test_what_is_looked_for(asked: dict[str, Any]) -> None:
    row = Rows.create(severity="high")
    Rows.create(severity="low")
    assert Rows.get(**asked) == row


def test_expressions_are_left_alone() -> None:
    Rows.create(severity="low")
    Rows.update(severity=Concat(Value("hi"), Value("gh")))
    assert Rows.get().severity == "high"


def test_migrations_know_a_column_of_text() -> None:
    _, path, _, _ = ErrorLog._meta.get_field("severity").deconstruct()
    assert path == f"{models.CharField.__module__.removesuffix('.fields')}.CharField"
