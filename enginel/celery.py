"""The Celery application of the Enginel project."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "enginel.settings")

app = Celery("enginel")
app.config_from_object("django.conf:settings", namespace="CELERY")
