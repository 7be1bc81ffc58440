"""Groups under lock: what people decide about them happens one after the other, and never beside a count."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from django.db import OperationalError, connections, router, transaction
from django.db.models import Q

from .models import ErrorGroup

_Result = TypeVar("_Result")
_ATTEMPTS = 5
_GIVEN_UP = {"40001", "40P01"}  # what PostgreSQL calls transactions that another one was preferred to


class UnknownGroupError(Exception):
    """There is no such group."""


class RefusedError(Exception):
    """What was asked for cannot be done; the message says why, to a person."""


def transact(work: Callable[[str], _Result]) -> _Result:
    """Do something in a transaction of its own, and again where the database gave it up for another one.

    Args:
        work: Takes the alias of the database.

    Raises:
        OperationalError: The database does not answer, or always prefers others.
    """
    alias = router.db_for_write(ErrorGroup)
    for _attempt in range(_ATTEMPTS - 1):
        try:
            with transaction.atomic(using=alias):
                return work(alias)
        except OperationalError as error:
            # Inside of another transaction only whoever began that one can start over.
            if connections[alias].in_atomic_block or getattr(error.__cause__, "sqlstate", "") not in _GIVEN_UP:
                raise
    with transaction.atomic(using=alias):
        return work(alias)


def roots(group_ids: Collection[int], alias: str) -> list[ErrorGroup]:
    """Lock groups and return them.

    Args:
        group_ids: Which groups.
        alias: The database, inside of the caller's transaction.

    Raises:
        UnknownGroupError: One of them does not exist.
        RefusedError: One of them is merged into another.
    """
    found = _locked(Q(pk__in=group_ids), alias)
    require(group_ids, found)
    for group in found.values():
        if group.merged_into_id is not None:
            raise RefusedError(
                f"Group {group.pk} is merged into group {group.merged_into_id}: decide about that one, or unmerge it."
            )
    return list(found.values())


def families(group_ids: Collection[int], alias: str) -> dict[int, ErrorGroup]:
    """Lock groups with all that are merged with them; return them by id.

    Args:
        group_ids: Which groups.
        alias: The database, inside of the caller's transaction.

    Raises:
        UnknownGroupError: One of them does not exist.
    """
    # Looked up before anything is locked: whoever locks all at once, in order, never waits for one who waits for him.
    rows = ErrorGroup.objects.using(alias).filter(pk__in=group_ids).values_list("merged_into", flat=True)
    wanted, found = {*group_ids, *filter(None, rows)}, dict[int, ErrorGroup]()
    before: set[int] | None = None
    # Who became a member while this waited for a lock is not seen by the statement that waited: the look-up ends when
    # it finds what was locked before it began, to which nobody can add.
    while before != found.keys():
        before = set(found)
        found = _locked(Q(pk__in=wanted) | Q(merged_into__in=wanted), alias)
        require(group_ids, found)
        wanted |= {*found, *(group.merged_into_id for group in found.values() if group.merged_into_id is not None)}
    return found


def require(group_ids: Collection[int], found: Collection[int]) -> None:
    """Refuse groups that were not found.

    Raises:
        UnknownGroupError: There are some.
    """
    if unknown := sorted(set(group_ids) - set(found)):
        raise UnknownGroupError(f"There is no group {unknown[0]}.")


def _locked(wanted: Q, alias: str) -> dict[int, ErrorGroup]:
    rows = ErrorGroup.objects.using(alias).select_for_update().filter(wanted).defer("users_sketch").order_by("pk")
    return {group.pk: group for group in rows}
