"""A column of severities that takes log levels as well."""

from __future__ import annotations

from typing import Any

from django.db import models

from monitoring.classification import severity_of


class SeverityField(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Holds `critical`, `high`, `medium` or `low`; what is written or looked for may be a log level instead.

    Texts that are neither stay as they are: nobody loses a row because of a word.
    """

    def deconstruct(self) -> Any:
        """Return how migrations write it down: its column is that of any text."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return what is written, and show it on the row that was saved."""
        value = self.get_prep_value(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        """Return the severity that a level stands for."""
        found = severity_of(value) if isinstance(value, str) and value else None
        return found.value if found else super().get_prep_value(value)
