"""Admin pages of the log: sums above the list, one error with its traceback. They stay cheap at a million rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.errors.bugs.desk import desk
from monitoring.errors.bugs.opening import want
from monitoring.errors.groups.models import ErrorGroup

from .models import ErrorLog
from .statistics import error_stats

_COUNTED, _CHOICES, _SAME_TRACE, _AT_ONCE = 10_000, 50, 500, 1_000
_PRE = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that is counted up to 10,000: counting more takes longer than anybody wants to wait."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, 10,000 at most."""
        rows: Any = self.object_list
        return int(rows.order_by()[:_COUNTED].count())


class ValueOfGroupsFilter(admin.FieldListFilter):
    """Filters by a value that groups have, since asking the log for all of its values would read it from end to end."""

    def __init__(
        self, field: Any, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any, field_path: str
    ) -> None:
        self.lookup_kwarg = field_path
        super().__init__(field, request, params, model, model_admin, field_path)
        chosen: Any = self.used_parameters.get(field_path) or [None]
        self.chosen = chosen[-1]
        latest = ErrorGroup.objects.order_by().values(field_path).annotate(last=Max("last_seen")).order_by("-last")
        self.values = sorted(str(row[field_path]) for row in latest[:_CHOICES])

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


@admin.register(ErrorLog)
class ErrorLogAdmin(ReadOnlyAdmin):
    """Errors, the newest first."""

    list_display = [
        "created", "status_code", "error_type", "url_pattern", "fingerprint", "severity", "name", "service",
    ]  # fmt: skip
    list_filter = [
        ("status_code", ValueOfGroupsFilter),
        ("error_type", ValueOfGroupsFilter),
        "created",
        ("severity", ValueOfGroupsFilter),
    ]
    search_fields = ["url_pattern", "exception_message", "error_type", "name"]
    search_help_text = (
        "An error's id, a trace's id, or a part of the message, type, route or name of errors kept in full."
    )
    readonly_fields = ["fingerprint", "request_data", "traceback"]
    actions = ["create_bug"]
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        (None, {"fields": ["error_id", "created", "error_type", "exception_type", "message", "severity", "of_group"]}),
        ("Traceback", {"fields": ["shown_traceback"]}),
        ("Where", {"fields": ["service", "name", "status_code", "release", "environment", "handled", "kept"]}),
        ("Request", {"fields": ["method", "url_pattern", "full_url", "ip_address", "user_agent", "shown_request"]}),
        ("Context", {"fields": ["user_key", "task_id", "trace_id", "request_id", "shown_context", "shown_crumbs"]}),
        ("Grouping", {"fields": ["fingerprint", "resolved"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorLog]:
        """Leave the frames in the database."""
        return super().get_queryset(request).defer("chain")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Look ids up; look for texts among errors that are kept in full, which are few, and have texts."""
        if not search_term:
            return queryset, False
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset.filter(~Q(kept="")), search_term)
        same = ErrorLog.objects.order_by().filter(~Q(trace_id=""), trace_id=wanted.hex)
        found = [*ErrorLog.objects.filter(error_id=wanted).values_list("pk", flat=True)]
        return queryset.filter(pk__in=[*found, *same.values_list("pk", flat=True)[:_SAME_TRACE]]), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show sums above the list."""
        return super().changelist_view(request, {**(extra_context or {}), "error_stats": error_stats()})

    def has_file_permission(self, request: HttpRequest) -> bool:
        """Filing a bug is what adding one means."""
        return request.user.has_perm("monitoring.add_knownbug")

    @admin.action(description="Create known bugs of the selected errors", permissions=["file"])
    def create_bug(self, request: HttpRequest, queryset: QuerySet[ErrorLog]) -> None:
        """Have a bug made of each group of the selected errors."""
        groups = queryset.order_by().filter(~Q(group=None)).values_list("group_id", flat=True).distinct()
        asked = want([group for group in groups[:_AT_ONCE] if group is not None], desk())
        self.message_user(request, f"{asked} bug(s) are made within ten seconds." if asked else "They have their bugs.")

    @admin.display(description="group")
    def of_group(self, error: ErrorLog) -> str:
        """Lead to the group."""
        group = error.group
        if group is None:
            return "-"
        root = group.merged_into or group
        page = reverse("admin:monitoring_errorgroup_change", args=[root.pk])
        return format_html('<a href="{}">{}</a>', page, root)

    @admin.display(description="traceback")
    def shown_traceback(self, error: ErrorLog) -> str:
        """Show the lines as lines."""
        return format_html(_PRE, error.traceback) if error.traceback else "It is not kept in full."

    @admin.display(description="request")
    def shown_request(self, error: ErrorLog) -> str:
        """Show what is known of the request."""
        return _json(error.request_data)

    @admin.display(description="context")
    def shown_context(self, error: ErrorLog) -> str:
        """Show what was said of the error."""
        return _json(error.context)

    @admin.display(description="before")
    def shown_crumbs(self, error: ErrorLog) -> str:
        """Show what was logged and queried before."""
        return _json(error.crumbs)


def _json(value: Any) -> str:
    return format_html(_PRE, json.dumps(value, indent=2, ensure_ascii=False)) if value else "-"
