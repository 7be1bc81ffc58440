"""Who acted lately, as rows: one for each address."""

from __future__ import annotations

from django.db import models


class ActingAdmin(models.Model):
    """An address from which a staff member acted.

    Attributes:
        address: In its canonical spelling.
        at: When the latest of these acts that is known of was.
    """

    address = models.CharField(max_length=45, primary_key=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.address
