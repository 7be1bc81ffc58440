"""Registers the monitored service with Django."""

from django.apps import AppConfig


class DesignsConfig(AppConfig):
    """The app that holds users, series and designs."""

    name = "designs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what follows from a design's deletion."""
        from . import stored  # noqa: F401
