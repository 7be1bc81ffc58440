"""Incidents between rows and values, and many rows in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django.db import connections

from monitoring.alerts.channels.texts import block, plain
from monitoring.alerts.rules.rule import Rule
from monitoring.alerts.rules.samples import Sample
from monitoring.storage import bulk

from .machine import Standing
from .models import Incident
from .states import IncidentState

_STANDING = tuple(one.name for one in fields(Standing) if one.name != "state")
_WRITTEN = {
    "rule_id",
    "severity",
    "state",
    *(name for name in _STANDING if name != "started"),
    "last_active",
    "value",
    "count",
    "summary",
    "evidence",
    "silenced",
    "silence_id",
    "maintenance_id",
    "inhibited",
    "inhibited_by_id",
    "version",
}
_MAX_SUMMARY = 1_000


def standing_of(row: Incident) -> Standing:
    """Return how an incident stands."""
    values = {name: getattr(row, name) for name in _STANDING}
    return Standing(state=IncidentState(row.state), **{**values, "changes": tuple(row.changes)})


def set_standing(row: Incident, standing: Standing) -> None:
    """Set how an incident stands."""
    row.state = standing.state.value
    for name in _STANDING:
        setattr(row, name, getattr(standing, name))
    row.changes = list(standing.changes)


def set_sample(row: Incident, rule: Rule, sample: Sample) -> None:
    """Set what was found of an incident."""
    row.rule_id = rule.id
    row.severity = rule.severity.value
    row.value = sample.value
    row.count = sample.count
    row.summary = block(sample.summary or rule.name, _MAX_SUMMARY)
    row.evidence = plain(sample.evidence)


def overwrite(rows: Sequence[Incident], alias: str) -> None:
    """Write incidents that changed, whatever their number, in one statement.

    Args:
        rows: Incidents that the caller has locked.
        alias: The database, inside of the caller's transaction.
    """
    connection = connections[alias]
    columns: dict[str, list[Any]] = {"id": [row.pk for row in rows]}
    for field in Incident._meta.concrete_fields:
        if field.attname in _WRITTEN:
            columns[field.attname] = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows]
    bulk.overwrite(connection, Incident, columns)
