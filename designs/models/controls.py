"""Who may see technical data: export control (ITAR) and clearance, of organizations as of single designs."""

from __future__ import annotations

from django.db import models


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
