"""What beat runs, and how a project's Celery app takes Enginel's tasks up: `install(app)`."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.schedules import crontab

from monitoring.conf import QUEUE, get_config

MODULES = [
    "tasks.alerts",
    "tasks.analysis",
    "tasks.decisions",
    "tasks.errors",
    "tasks.health",
    "tasks.intake",
    "tasks.jobs",
    "tasks.journal",
    "tasks.metrics",
    "tasks.performance",
    "tasks.protection",
    "tasks.recovery",
    "tasks.retention",
    "tasks.security",
    "tasks.sinks",
]

SCHEDULE: dict[str, dict[str, Any]] = {
    "enginel-revive-drains": {"task": "tasks.intake.revive", "schedule": 5.0, "options": {"expires": 10}},
    "enginel-evaluate-health": {"task": "tasks.health.evaluate", "schedule": 5.0, "options": {"expires": 10}},
    "enginel-project-decisions": {"task": "tasks.decisions.project", "schedule": 10.0, "options": {"expires": 10}},
    "enginel-end-ignoring": {"task": "tasks.errors.end_ignoring", "schedule": 60.0, "options": {"expires": 60}},
    "enginel-file-bugs": {"task": "tasks.errors.file_bugs", "schedule": 10.0, "options": {"expires": 10}},
    "enginel-thin-errors": {"task": "tasks.errors.thin", "schedule": 60.0, "options": {"expires": 60}},
    "enginel-refresh-storage": {"task": "tasks.metrics.refresh_storage", "schedule": 60.0, "options": {"expires": 60}},
    "enginel-roll-up": {"task": "tasks.performance.roll_up", "schedule": 60.0, "options": {"expires": 60}},
    "enginel-decide-blocks": {"task": "tasks.protection.decide", "schedule": 10.0, "options": {"expires": 10}},
    "enginel-deliver-alerts": {"task": "tasks.alerts.deliver", "schedule": 10.0, "options": {"expires": 10}},
    "enginel-advance-recoveries": {"task": "tasks.recovery.advance", "schedule": 5.0, "options": {"expires": 5}},
    "enginel-send-notices": {"task": "tasks.protection.send", "schedule": 30.0, "options": {"expires": 30}},
    "enginel-watch-security": {"task": "tasks.security.watch", "schedule": 10.0, "options": {"expires": 10}},
    "enginel-analyze": {"task": "tasks.analysis.analyze", "schedule": 60.0, "options": {"expires": 60}},
    "enginel-check-journal": {"task": "tasks.journal.check", "schedule": 600.0, "options": {"expires": 600}},
    "enginel-seal-journal": {"task": "tasks.journal.seal", "schedule": 15.0, "options": {"expires": 15}},
    "enginel-replay-upgraded": {"task": "tasks.intake.replay_upgraded", "schedule": 600.0},
    "enginel-prune": {"task": "tasks.retention.prune", "schedule": crontab(minute="17")},
}

_FORWARD_SECONDS = 10.0
"""What drains bring is forwarded at once; this is for what has to be tried again."""


def install(app: Celery) -> None:
    """Add Enginel's tasks, their schedule and their queue `monitoring` to a Celery app."""
    app.conf.imports = [*app.conf.imports, *(name for name in MODULES if name not in app.conf.imports)]
    mine = {f"{module}.*": {"queue": QUEUE} for module in MODULES}
    others = app.conf.task_routes or []
    app.conf.task_routes = [mine, *(others if isinstance(others, list | tuple) else [others])]
    config = get_config()
    chosen = {
        "enginel-watch": _every(config.watch_interval, "tasks.jobs.watch"),
        "enginel-evaluate-alerts": _every(config.alert_interval, "tasks.alerts.evaluate"),
    }
    if config.sinks:
        chosen["enginel-forward"] = _every(_FORWARD_SECONDS, "tasks.sinks.forward")
    app.conf.beat_schedule = {**SCHEDULE, **chosen, **app.conf.beat_schedule}


def _every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}
