"""The platform's Celery application with a beat that revives drains each second, to have time for many kills."""

from enginel.celery import app

app.conf.beat_schedule = {
    "revive": {"task": "tasks.intake.revive", "schedule": 1.0, "options": {"expires": 5}},
    "roll-up": {"task": "tasks.performance.roll_up", "schedule": 15.0, "options": {"expires": 15}},
}

__all__ = ["app"]
