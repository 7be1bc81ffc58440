"""How every component is, as rows: for history, alerts and the admin pages. Probes never read them."""

from __future__ import annotations

from django.db import models

from monitoring.component import Status


class ComponentState(models.Model):
    """The last state of a component that an evaluator wrote.

    It is written when the status or the message changes, and once a minute besides.
    """

    component = models.CharField(max_length=200, primary_key=True)
    status = models.CharField(max_length=9, choices=[(status.value, status.value) for status in Status])
    since = models.DateTimeField()
    message = models.TextField(default="")
    details = models.JSONField(default=dict)
    checked = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.component}: {self.status}"
