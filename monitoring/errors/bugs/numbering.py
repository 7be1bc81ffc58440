"""Ids of bugs: `B-001`, `B-002`, … without gaps or doubles, however many processes ask.

The number of the latest bug is a row that is counted up in the transaction that writes the bug. Others wait for that
row; when the transaction is rolled back, so is the number.
"""

from __future__ import annotations

from django.db.models import BigIntegerField, F, Max, Subquery
from django.db.models.functions import Coalesce, Greatest

from .models import BugCounter, KnownBug

_ROW = 1


def take(alias: str) -> int:
    """Take the next number; it is the caller's with the commit of its transaction.

    Args:
        alias: The database, inside of the caller's transaction.
    """
    counter = BugCounter.objects.using(alias).filter(id=_ROW)
    # Bugs that were brought along from elsewhere have their numbers, too.
    highest = KnownBug.all_objects.using(alias).order_by("-number").values("number")[:1]
    known = Coalesce(Subquery(highest), 0, output_field=BigIntegerField())
    following = Greatest(F("last"), known) + 1
    if not counter.update(last=following):
        BugCounter.objects.using(alias).bulk_create([BugCounter(id=_ROW)], ignore_conflicts=True)
        counter.update(last=following)
    return counter.values_list("last", flat=True).get()


def peek(alias: str) -> int:
    """Return the number that the next bug gets, unless another one comes first."""
    counted = BugCounter.objects.using(alias).filter(id=_ROW).values_list("last", flat=True).first()
    highest = KnownBug.all_objects.using(alias).aggregate(highest=Max("number"))["highest"]
    return max(counted or 0, highest or 0) + 1


def bug_id(number: int) -> str:
    """Return the id of a number."""
    return f"B-{number:03d}"
