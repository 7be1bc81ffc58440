"""Marks on hours and days whose rows must be summed up again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from .models import DirtyPeriod


def mark_dirty(connection: BaseDatabaseWrapper, level: str, starts: Iterable[int]) -> None:
    """Mark periods, inside of the transaction that changes them; rows are locked in the order of their start.

    Args:
        connection: The write database.
        level: `DirtyPeriod.HOUR` or `DirtyPeriod.DAY`.
        starts: Their beginnings, in minutes since the epoch.
    """
    table = DirtyPeriod._meta.db_table
    with connection.cursor() as cursor:
        for start in sorted(starts):
            cursor.execute(
                f'INSERT INTO "{table}" (level, start, version, taken, done, run) VALUES (%s, %s, 1, 0, 0, 0)'  # noqa: S608
                f' ON CONFLICT (level, start) DO UPDATE SET version = "{table}".version + 1',
                [level, start],
            )
