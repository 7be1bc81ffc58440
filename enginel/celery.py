"""The Celery application of the Enginel project."""

import os

from celery import Celery

from tasks.schedule import install

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")

app = Celery("enginel")
app.config_from_object("django.conf:settings", namespace="CELERY")
install(app)
app.conf.imports += ["tasks.designs"]
app.conf.beat_schedule["designs-resume"] = {"task": "tasks.designs.resume_designs", "schedule": 60.0}
app.conf.beat_schedule["designs-orphans"] = {"task": "tasks.designs.remove_orphans", "schedule": 3600.0}
