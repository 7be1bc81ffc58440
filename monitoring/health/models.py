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


class ComponentChange(models.Model):
    """A component changed its status, as its row was told: what was wrong at a time that has passed.

    Attributes:
        at: Since when it has the status.
    """

    component = models.CharField(max_length=200)
    status = models.CharField(max_length=9, choices=[(status.value, status.value) for status in Status])
    at = models.DateTimeField(db_index=True)
    message = models.TextField(default="")

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.component}: {self.status} {self.at:%Y-%m-%d %H:%M:%S}"
