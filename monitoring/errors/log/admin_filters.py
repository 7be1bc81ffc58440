"""Filters of the admin list, whose choices cost little: none reads the log to find out what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest

from monitoring.errors.groups.models import ErrorGroup, Release

_CHOICES = 50


class ValueOfGroupsFilter(admin.FieldListFilter):
    """Filters by a value that groups have, since asking the log for all of its values would read it from end to end."""

    def __init__(
        self, field: Any, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any, field_path: str
    ) -> None:
        self.lookup_kwarg = field_path
        super().__init__(field, request, params, model, model_admin, field_path)
        chosen: Any = self.used_parameters.get(field_path) or [None]
        self.chosen = chosen[-1]
        self.values = sorted(str(value) for value in self.latest(field_path))

    def latest(self, field_path: str) -> Iterable[Any]:
        """Return the values that were seen last."""
        rows = ErrorGroup.objects.order_by().values(field_path).annotate(last=Max("last_seen")).order_by("-last")
        return [row[field_path] for row in rows[:_CHOICES]]

    def expected_parameters(self) -> list[str | None]:
        """Return the parameter of the address that it reads."""
        return [self.lookup_kwarg]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield what can be chosen."""
        nothing = changelist.get_query_string(remove=[self.lookup_kwarg])
        yield {"selected": self.chosen is None, "query_string": nothing, "display": "All"}
        for value in self.values:
            link = changelist.get_query_string({self.lookup_kwarg: value})
            yield {"selected": str(self.chosen) == value, "query_string": link, "display": value or "none"}


class ReleaseFilter(ValueOfGroupsFilter):
    """Filters by one of the latest releases, which are few."""

    def latest(self, field_path: str) -> Iterable[Any]:
        """Return the releases that were seen first lately."""
        rows = Release.objects.order_by().values(field_path).annotate(first=Max("first_seen")).order_by("-first")
        return [row[field_path] for row in rows[:_CHOICES]]


class KeptFilter(admin.SimpleListFilter):
    """Filters by whether an error is kept in full."""

    title = "kept in full"
    parameter_name = "in_full"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        """Return what can be chosen."""
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list down; in a form that the index of those in full has, too."""
        if self.value() == "yes":
            return queryset.filter(~Q(kept=""))
        return queryset.filter(kept="") if self.value() == "no" else queryset
