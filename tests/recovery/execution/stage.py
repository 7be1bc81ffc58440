"""A stage for recoveries: errors in the log, strategies that change real rows or real Redis, and a clock to set."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS

from monitoring.conf import Config, get_config
from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.recovery.execution.desk import Desk, no_step
from monitoring.recovery.execution.work import work
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry
from monitoring.recovery.strategies import registry
from monitoring.recovery.strategies.base import Applied, Case, Order, Plan, Reach, RefusedError, Seen, Site, Strategy
from monitoring.storage.names import Name
from monitoring.stream.connection import connect

KIND = "stage"


class Writes(Strategy):
    """Writes a row, in the transaction that says so."""

    name = "pool_increase"
    label = "Pool Increase"
    reach = Reach.HARMLESS
    success_rate = 0.85
    defaults: Mapping[str, Any] = {}
    target = "pool:default"
    seconds: float | None = 600.0

    def plan(self, case: Case, site: Site) -> Plan:
        del case, site
        return Plan(self.target, {"size": 25}, "Make it 25.", self.seconds)

    def apply(self, order: Order, site: Site) -> Applied:
        Name.objects.using(site.alias).create(kind=KIND, service=self.name, name=str(order.id))
        return Applied("It is 25.", undo={"size": 10}, facts={"before": 10})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
        del applied
        return Seen(written(order.id, site.alias) == 1, "It was seen to be 25.")

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        Name.objects.using(site.alias).filter(kind=KIND, name=str(order.id)).delete()
        return f"It is {undo['size']} again."


class Reaches(Writes):
    """Changes Redis: what it did it knows by its order."""

    transactional = False

    def apply(self, order: Order, site: Site) -> Applied:
        if site.client.set(f"done:{order.id}", 1, nx=True):
            site.client.incr("deeds")
        return Applied("It was done.", undo={"size": 10})

    def seen(self, order: Order, applied: Applied | None, site: Site) -> Seen:
        del applied
        return Seen(bool(site.client.exists(f"done:{order.id}")), "It was looked at.")

    def undo(self, order: Order, undo: Mapping[str, Any], site: Site) -> str:
        del undo
        if site.client.delete(f"done:{order.id}"):
            site.client.decr("deeds")
        return "It was undone."


class Refuses(Writes):
    """Cannot do anything here."""

    name = "timeout_increase"
    label = "Timeout Increase"
    target = "timeout:default"

    def plan(self, case: Case, site: Site) -> Plan:
        raise RefusedError("Nothing here has a timeout.")


def written(order_id: uuid.UUID, alias: str = DEFAULT_DB_ALIAS) -> int:
    """How many rows an order wrote."""
    return Name.objects.using(alias).filter(kind=KIND, name=str(order_id)).count()


@dataclass
class Stage:
    """Where recoveries are carried out in tests."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    step: Callable[[str], None] = no_step
    projected: int = 0
    patience: float = 0.0

    def project(self) -> None:
        self.projected += 1

    @property
    def config(self) -> Config:
        return get_config()

    def desk(self) -> Desk:
        config = get_config()
        site = Site(
            config=config,
            alias=DEFAULT_DB_ALIAS,
            client=connect(config.redis_url, 5.0, 8),
            remote=_no_remote,
            workers=dict,
            processes=list,
            project=self.project,
        )
        return Desk(site, Random(1), self.patience, lambda: self.time, self.step)

    def work(self, row: Recovery) -> Recovery:
        """Bring a recovery forward, and return what it is then."""
        work(row.pk, self.desk())
        row.refresh_from_db()
        return row

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def _no_remote() -> Any:
    raise AssertionError("nobody asks workers here")


def error(**values: Any) -> ErrorLog:
    """An error in the log, with its group."""
    now = datetime.now(UTC)
    group = ErrorGroup.objects.create(service="enginel", first_seen=now, last_seen=now, category="database_error")
    told = {
        "service": "enginel",
        "environment": "production",
        "error_type": "DatabaseError",
        "exception_type": "django.db.utils.DatabaseError",
        "severity": "critical",
        "fingerprint": uuid.uuid4().hex[:16],
        "name": "GET api/designs/",
        "status_code": 500,
        "kept": "new",
        "group": group,
    }
    return ErrorLog.objects.create(**(told | values))


def recovery(of: ErrorLog, stage: Stage, **values: Any) -> Recovery:
    """What intake writes down of it."""
    told = {
        "error_id": of.error_id,
        "service": of.service,
        "environment": of.environment,
        "error_type": of.error_type,
        "severity": of.severity,
        "name": of.name,
        "fingerprint": of.fingerprint,
        "priority": 0,
        "requested_at": stage.time,
        "next_at": stage.time,
    }
    return Recovery.objects.create(**(told | values))


def install(monkeypatch: pytest.MonkeyPatch, *strategies: Strategy) -> None:
    """Have these strategies, and no others."""
    monkeypatch.setattr(registry, "STRATEGIES", {one.name: one for one in strategies})


def action(row: Recovery, **values: Any) -> RecoveryAction:
    """The action of a recovery that is as told, of which there is one."""
    return RecoveryAction.objects.get(recovery=row, **values)


def events(row: Recovery) -> list[str]:
    """The audit trail of a recovery."""
    return list(RecoveryEntry.objects.filter(recovery_id=row.pk).order_by("pk").values_list("event", flat=True))
