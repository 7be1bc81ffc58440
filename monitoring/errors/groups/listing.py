"""Lists of groups: which ones, in which order.

A root is found, and put in its place, by itself with all that is merged into it. To add members up for every group of a
list would mean to read all of them for one page; so the list is read as two, of groups without members, which indexes
put in order, and of the few with them, and these are put together page by page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Greatest, Least
from rest_framework.request import Request

from monitoring.access.paging import CursorPages
from monitoring.errors.bugs.models import KnownBug

from .models import ErrorGroup, GroupRelease

ORDERS = ("last_seen", "first_seen", "count", "users")
"""By what lists can be ordered: the greatest or latest first."""
_EXACT = ("service", "environment", "severity", "category", "error_type", "kind", "name", "status_code")
_SEARCHED = ("title", "error_type", "exception_type", "culprit", "name")
_MEMBERS = ErrorGroup.objects.filter(merged_into=OuterRef("pk")).order_by().values("merged_into")
_ADDED_UP: dict[str, Any] = {
    "all_count": F("count") + Subquery(_MEMBERS.annotate(all=Sum("count")).values("all")),
    # The same user may be counted with several of them: good enough to put groups in order.
    "all_users": F("users") + Subquery(_MEMBERS.annotate(all=Sum("users")).values("all")),
    "all_first_seen": Least(F("first_seen"), Subquery(_MEMBERS.annotate(all=Min("first_seen")).values("all"))),
    "all_last_seen": Greatest(F("last_seen"), Subquery(_MEMBERS.annotate(all=Max("last_seen")).values("all"))),
}


@dataclass(frozen=True)
class Listing:
    """Groups that are merged into no other.

    Attributes:
        single: Those without members.
        families: Those with members, and what they add up to as `all_…`.
        order: One of `ORDERS`.
    """

    single: QuerySet[ErrorGroup]
    families: QuerySet[ErrorGroup]
    order: str = ORDERS[0]
    model: ClassVar[type[ErrorGroup]] = ErrorGroup


def listing(asked: Mapping[str, Any]) -> Listing:
    """Return the groups that were asked for.

    Args:
        asked: Validated parameters of the list.
    """
    roots = ErrorGroup.objects.filter(merged_into=None).select_related("assignee").defer("users_sketch")
    if "status" in asked:
        roots = roots.filter(status__in=asked["status"])
    if "assignee" in asked:
        roots = roots.filter(**{f"assignee__{get_user_model().USERNAME_FIELD}": asked["assignee"]})
    if "has_bug" in asked:
        # Two sets, each read once; one condition with both would look through all bugs for each group.
        bugs = KnownBug.objects.filter(group__isnull=False).order_by()
        of_members = bugs.filter(group__merged_into__isnull=False).values("group__merged_into")
        bug = Q(pk__in=bugs.values("group")) | Q(pk__in=of_members)
        roots = roots.filter(bug if asked["has_bug"] == "true" else ~bug)
    members = Exists(ErrorGroup.objects.filter(merged_into=OuterRef("pk")))
    matching, member_matches = _matching(asked), Q()
    if matching:
        member_matches = Q(Exists(ErrorGroup.objects.filter(matching, merged_into=OuterRef("pk"))))
    single = roots.filter(~members, matching, _within(asked, ""))
    merged = ErrorGroup.objects.filter(merged_into__isnull=False).values("merged_into")
    families = (
        roots.filter(matching | member_matches, pk__in=merged).annotate(**_ADDED_UP).filter(_within(asked, "all_"))
    )
    return Listing(single, families, asked.get("order", ORDERS[0]))


def _matching(asked: Mapping[str, Any]) -> Q:
    """Return what a group itself has to meet, or one of its members."""
    condition = Q(**{name: asked[name] for name in _EXACT if name in asked})
    if "release" in asked:
        condition &= Q(Exists(GroupRelease.objects.filter(group=OuterRef("pk"), release=asked["release"])))
    if "search" in asked:
        found = Q()
        for name in _SEARCHED:
            found |= Q(**{f"{name}__icontains": asked["search"]})
        condition &= found
    return condition


def _within(asked: Mapping[str, Any], prefix: str) -> Q:
    condition = Q()
    if "since" in asked:
        condition &= Q(**{f"{prefix}last_seen__gte": asked["since"]})
    if "until" in asked:
        condition &= Q(**{f"{prefix}first_seen__lt": asked["until"]})
    return condition


class GroupPages(CursorPages):
    """Pages of groups."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the groups of a page, by two queries."""
        self.ordering = (f"-{queryset.order}", "-id")
        return super().paginate_queryset(queryset, request, view)

    def rows(
        self, queryset: Any, columns: Sequence[str], after: Sequence[Any] | None, descending: bool, number: int
    ) -> list[Any]:
        """Return the first groups of both lists that come after a place."""
        found = super().rows(queryset.single, columns, after, descending, number)
        added_up = [f"all_{column}" if column in ORDERS else column for column in columns]
        for group in super().rows(queryset.families, added_up, after, descending, number):
            for column in ORDERS:
                setattr(group, column, getattr(group, f"all_{column}"))
            found.append(group)
        found.sort(key=lambda group: [getattr(group, column) for column in columns], reverse=descending)
        return found[:number]
