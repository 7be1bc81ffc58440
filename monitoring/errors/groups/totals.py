"""What groups and their members add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from .models import ErrorGroup, GroupUser
from .sketch import Sketch


@dataclass(frozen=True)
class Totals:
    """A root with all that is merged into it.

    Attributes:
        first_release: In which it was first seen.
        last_release: In which it was last seen.
        users: Users that it met: exact unless one of the groups met more than 1,000.
        exact: Whether `users` is.
        members: The groups that are merged into it.
    """

    count: int
    first_seen: datetime
    last_seen: datetime
    first_release: str
    last_release: str
    users: int
    exact: bool
    members: Sequence[ErrorGroup]


def of(root_ids: Collection[int], alias: str) -> dict[int, Totals]:
    """Return the totals of groups by their ids, in a number of queries that does not grow with them.

    Args:
        root_ids: Groups; of one that is merged into another, what was counted of it alone.
        alias: The database.
    """
    rows = ErrorGroup.objects.using(alias).filter(Q(pk__in=root_ids) | Q(merged_into__in=root_ids))
    families: dict[int, list[ErrorGroup]] = defaultdict(list)
    roots: dict[int, ErrorGroup] = {}
    for group in rows.defer("users_sketch").order_by("pk"):
        if group.pk in root_ids:
            roots[group.pk] = group
        else:
            families[group.merged_into_id or 0].append(group)
    met = _met({pk: [pk, *(member.pk for member in families[pk])] for pk in roots if families[pk]}, alias)
    sketched = _sketched([pk for pk in roots if not families[pk]], alias)
    alone = {pk: (root.users, pk not in sketched) for pk, root in roots.items() if not families[pk]}
    return {pk: _add_up(root, families[pk], *(met | alone)[pk]) for pk, root in roots.items()}


def _add_up(root: ErrorGroup, members: Sequence[ErrorGroup], users: int, exact: bool) -> Totals:
    family = [root, *members]
    first = min(family, key=lambda group: (group.first_seen, group.pk))
    last = max(family, key=lambda group: (group.last_seen, group.pk))
    return Totals(
        sum(group.count for group in family),
        first.first_seen,
        last.last_seen,
        first.first_release,
        last.last_release,
        users,
        exact,
        members,
    )


def _met(families: Mapping[int, Sequence[int]], alias: str) -> dict[int, tuple[int, bool]]:
    """Return how many different users families met, and whether that is exact."""
    if not families:
        return {}
    sketched = _sketched([pk for family in families.values() for pk in family], alias)
    estimated = {root: family for root, family in families.items() if not sketched.isdisjoint(family)}
    met = dict.fromkeys(families, (0, True))
    by_name = GroupUser.objects.using(alias).filter(group__in=_flat(families, estimated))
    counts = by_name.annotate(root=Coalesce("group__merged_into", "group")).values("root").order_by("root")
    met |= {row["root"]: (row["n"], True) for row in counts.annotate(n=Count("user", distinct=True))}
    return met | _estimated(estimated, alias)


def _flat(families: Mapping[int, Sequence[int]], without: Collection[int]) -> list[int]:
    return [pk for root, family in families.items() if root not in without for pk in family]


def _estimated(families: Mapping[int, Sequence[int]], alias: str) -> dict[int, tuple[int, bool]]:
    if not families:
        return {}
    root_of = {pk: root for root, family in families.items() for pk in family}
    sketches = {root: Sketch() for root in families}
    rows = ErrorGroup.objects.using(alias).filter(pk__in=root_of, users_sketch__isnull=False)
    for pk, data in rows.values_list("pk", "users_sketch"):
        sketches[root_of[pk]] = sketches[root_of[pk]].merge(Sketch.from_bytes(data or b""))
    names: Iterable[tuple[int, str]] = (
        GroupUser.objects.using(alias).filter(group__in=root_of).values_list("group_id", "user")
    )
    for pk, user in names:
        sketches[root_of[pk]].add(user)
    return {root: (sketch.count(), False) for root, sketch in sketches.items()}


def _sketched(pks: Sequence[int], alias: str) -> set[int]:
    rows = ErrorGroup.objects.using(alias).filter(pk__in=pks, users_sketch__isnull=False)
    return set(rows.values_list("pk", flat=True))
