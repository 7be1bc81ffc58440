"""Store from where staff members acted, the latest time of each address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from monitoring.address import parse
from monitoring.storage.folding import Columns, Fact, Scope, Write

from .models import ActingAdmin

_MOST = 1_000
"""Addresses that one drain takes over: staff is not more than that."""


def consume(measures: Mapping[str, Columns], facts: Mapping[str, Sequence[Fact]], scope: Scope) -> list[Write]:  # noqa: ARG001  # all consumers are called alike
    """Note when each address was acted from last."""
    latest: dict[str, int] = {}
    for fact in facts.get("acted", ()):
        address = parse(str(fact.values.get("client", "")))
        if address is not None:
            latest[str(address)] = max(fact.at, latest.get(str(address), 0))
    return [lambda: _write(dict(sorted(latest.items())[:_MOST]), scope)] if latest else []


def _write(latest: Mapping[str, int], scope: Scope) -> None:
    """Write in the order of the addresses, so that two drains never wait for each other; a later time stays."""
    rows = ActingAdmin.objects.using(scope.connection.alias)
    for address, milliseconds in latest.items():
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
        if not rows.filter(address=address, at__lt=at).update(at=at):
            rows.bulk_create([ActingAdmin(address=address, at=at)], ignore_conflicts=True)
