"""Interruptions as rows, and when it was last decided who is blocked."""

from __future__ import annotations

from django.db import models


class Interruption(models.Model):
    """A time in which the platform saw too little to hold errors against anybody.

    Attributes:
        began: From when on.
        ended: Until when; a little later than it really was, as connections that broke are noticed one by one.
    """

    began = models.DateTimeField()
    ended = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.began:%Y-%m-%d %H:%M:%S}"


class ProtectionRun(models.Model):
    """The one row that says when a run of the protection was complete for the last time."""

    completed = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.completed:%Y-%m-%d %H:%M:%S}"
