"""Does the database look as this release expects?"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from monitoring.component import Check, Outcome, Status
from monitoring.storage.own_connection import own_connection

_SHOWN = 10


@dataclass(frozen=True)
class Migrations(Check):
    """Compares the migrations on disk with those that are applied."""

    id: str = "migrations"
    component: str = "migrations"
    time_limit: float = 5.0
    interval: float = 60.0
    alias: str = "default"

    def run(self) -> Outcome:
        """Ask for what `migrate` would do."""
        with own_connection(self.alias, self.time_limit) as connection:
            missing = unapplied(connection)
        if not missing:
            return Outcome(Status.HEALTHY, "All migrations are applied")
        message = f"{len(missing)} migration(s) are not applied; run manage.py migrate"
        return Outcome(Status.UNHEALTHY, message, {"missing": missing[:_SHOWN]})


def unapplied(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the migrations that `migrate` would apply, in their order."""
    if _on_disk() <= set(MigrationRecorder(connection).applied_migrations()):
        return []
    # Only now is it worth importing all of them: a squashed one may be applied under other names.
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    """Return the migrations of all apps by the names of their files, without importing them."""
    found: set[tuple[str, str]] = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        if module is None:
            continue
        try:
            package = import_module(module)
        except ModuleNotFoundError:  # an app without models
            continue
        names = (one.name for one in pkgutil.iter_modules(getattr(package, "__path__", ())) if not one.ispkg)
        found |= {(app.label, name) for name in names if name[0] not in "_~"}
    return frozenset(found)
