"""Which checks an installation has: those that ship, its HTTP dependencies, and the classes a team lists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.utils.module_loading import import_string

from monitoring.component import Check
from monitoring.conf import Config

from .checks.dependency import Dependency
from .runner import LONGEST

SHIPPED = (
    "monitoring.health.checks.database.Database",
    "monitoring.health.checks.redis.Redis",
    "monitoring.jobs.checks.Celery",
    "monitoring.health.checks.storage.Storage",
    "monitoring.jobs.checks.Broker",
    "monitoring.jobs.checks.Beat",
    "monitoring.health.checks.intake.Intake",
    "monitoring.alerts.check.Alerts",
    "monitoring.alerts.deliveries.checks.Deliveries",
    "monitoring.health.checks.disk.Disk",
    "monitoring.health.checks.migrations.Migrations",
)
"""In the order in which they are shown."""
RESERVED = "evaluator"
"""The component that stands for the evaluation itself; no check is about it."""


@dataclass(frozen=True)
class Registry:
    """The checks of an installation, and what is wrong with those that are listed but cannot run."""

    checks: tuple[Check, ...]
    problems: tuple[str, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """What the checks are about, in their order."""
        return tuple(dict.fromkeys(check.component for check in self.checks))


def load(config: Config) -> Registry:
    """Return the checks of this installation. Never raises: one that cannot be loaded is a problem, and left out."""
    return _load(config.health_checks, tuple(config.health_dependencies.items()))


@lru_cache(maxsize=8)
def _load(listed: tuple[str, ...], dependencies: tuple[tuple[str, str], ...]) -> Registry:
    checks: dict[str, Check] = {}
    problems = []
    made = [_make(path) for path in (*SHIPPED, *listed)]
    made += [(name, Dependency(id=f"dependency:{name}", component=name, url=url)) for name, url in dependencies]
    for source, check in made:
        if isinstance(check, str):
            problems.append(f"{source}: {check}")
        elif problem := _problem(check, checks):
            problems.append(f"{source}: {problem}")
        else:
            checks[check.id] = check
    return Registry(tuple(checks.values()), tuple(problems))


def _make(path: str) -> tuple[str, Check | str]:
    try:
        made = import_string(path)()
    except Exception as error:  # it is anybody's code
        return path, f"cannot be made: {type(error).__name__}: {error}"
    return path, made if isinstance(made, Check) else "is no monitoring.component.Check"


def _problem(check: Check, others: dict[str, Check]) -> str | None:
    if check.id in others:
        return f"the id {check.id!r} is taken by {type(others[check.id]).__qualname__}"
    if check.component == RESERVED:
        return f"the component {RESERVED!r} is the platform's own"
    if not 0 < check.time_limit <= LONGEST:
        return f"its time limit must be above 0 and at most {LONGEST:g} s"
    if check.interval <= 0:
        return "its interval must be above 0 s"
    return None
