"""Stored files that may have no design."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Orphan(models.Model):
    """A file that is being uploaded, or whose design was deleted.

    Written before the file is stored, and deleted in the transaction that writes its design's row: what is left of it
    tells of an upload that died. The storage is never searched for what the database does not know: a database that was
    restored, or is another one's, must not cost anybody's files.
    """

    path = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.path
