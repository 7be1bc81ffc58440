"""Who may see technical data: export control (ITAR) and clearance, of organizations as of single designs."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q


class Clearance(models.IntegerChoices):
    """How secret something is, and up to what a person may see; ordered."""

    UNCLASSIFIED = 0
    CONFIDENTIAL = 1
    SECRET = 2
    TOP_SECRET = 3


class Controlled(models.Model):
    """Something that may be shown to US persons only, or from a clearance on."""

    itar = models.BooleanField("ITAR", default=False, help_text="Open to US persons only.")
    clearance = models.PositiveSmallIntegerField(
        choices=Clearance.choices, default=Clearance.UNCLASSIFIED, help_text="The least clearance that may see it."
    )

    class Meta:
        abstract = True


def open_to(user: Any, *prefixes: str) -> Q:
    """Return the condition that a user may see something and all that it belongs to.

    Args:
        user: Who looks.
        prefixes: How to get from a row to what is controlled: empty for the row itself, like `organization__`.
    """
    condition = Q()
    for prefix in prefixes:
        condition &= Q(**{f"{prefix}clearance__lte": user.clearance})
        if not user.us_person:
            condition &= Q(**{f"{prefix}itar": False})
    return condition
