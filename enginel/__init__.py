"""The Django project: settings, URLs, the Celery app and the servers' entry points. Composition only, no logic."""

from .celery import app as celery_app

__all__ = ["celery_app"]
