"""A Celery app with one entry each second, for real beats."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")

app = Celery("beats")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    timezone="UTC",
    result_expires=None,
    beat_schedule={"tick": {"task": "crew.ok", "schedule": 1.0, "options": {"queue": os.environ["CREW_QUEUE"]}}},
)
