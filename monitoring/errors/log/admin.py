"""Admin pages of the log: sums above the list, one error with its traceback. They stay cheap at a million rows."""

from __future__ import annotations

import json
import re
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.errors.bugs.desk import desk
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.bugs.opening import want

from . import event, shown
from .admin_filters import KeptFilter, ReleaseFilter, ValueOfGroupsFilter
from .models import ErrorLog
from .statistics import error_stats

_COUNTED, _SAME_TRACE, _AT_ONCE = 10_000, 500, 1_000
_PART_OF_ID = re.compile(r"[0-9a-f]{8,31}")
_ID_DIGITS = 32
_LIST, _ONE = "admin:monitoring_errorlog_changelist", "admin:monitoring_errorlog_change"
_PRE = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that is counted up to 10,000: counting more takes longer than anybody wants to wait."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, 10,000 at most."""
        rows: Any = self.object_list
        return int(rows.order_by()[:_COUNTED].count())


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
        ("service", ValueOfGroupsFilter),
        ("release", ReleaseFilter),
        ("environment", ValueOfGroupsFilter),
        KeptFilter,
    ]
    search_fields = ["url_pattern", "exception_message", "error_type", "name"]
    search_help_text = (
        "An error's id or its first 8 digits, a trace's id, or a part of the message, type, route or name of errors "
        "kept in full."
    )
    readonly_fields = ["fingerprint", "request_data", "traceback"]
    actions = ["create_bug"]
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        (None, {"fields": ["error_id", "created", "error_type", "exception_type", "message", "severity"]}),
        ("Belongs to", {"fields": ["of_group", "neighbours", "known_bugs", "of_trace", "of_task"]}),
        ("Exceptions", {"fields": ["shown_exceptions"]}),
        ("Before", {"fields": ["shown_crumbs"]}),
        ("Where", {"fields": ["service", "name", "status_code", "release", "environment", "handled", "kept"]}),
        ("Request", {"fields": ["method", "url_pattern", "full_url", "ip_address", "user_agent", "shown_request"]}),
        ("Context", {"fields": ["user_key", "request_id", "shown_context"]}),
        ("Traceback as text", {"fields": ["shown_traceback"], "classes": ["collapse"]}),
        ("Grouping", {"fields": ["fingerprint", "resolved"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorLog]:
        """Leave the frames in the database."""
        return super().get_queryset(request).defer("chain")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ErrorLog | None:
        """Return an error with all that is known of it and of what it belongs to."""
        error = cast(ErrorLog | None, super().get_object(request, object_id, from_field))
        known = event.find(error.error_id) if error is not None else None
        if error is None or known is None:
            return None
        beside = [known["previous"], known["next"], (known["nearest"] or {}).get("error_id")]
        rows = ErrorLog.objects.filter(error_id__in=list(filter(None, beside))).order_by()
        error.known = known  # type: ignore[attr-defined]
        error.pages = {str(row): pk for row, pk in rows.values_list("error_id", "pk")}  # type: ignore[attr-defined]
        return error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Look ids up; look for texts among errors that are kept in full, which are few, and have texts."""
        if not search_term:
            return queryset, False
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            if begun := _begun_with(search_term):
                return queryset.filter(pk__in=begun), False
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
        asked = want([group for group in groups[:_AT_ONCE] if group is not None], desk(), told=True)
        made = f"Of {counted(asked, 'group')} a bug is made within ten seconds."
        self.message_user(request, made if asked else "All of them have bugs already.")

    @admin.display(description="group")
    def of_group(self, error: ErrorLog) -> str:
        """Lead to the group."""
        group = error.group
        if group is None:
            return "-"
        root = group.merged_into or group
        page = reverse("admin:monitoring_errorgroup_change", args=[root.pk])
        return format_html('<a href="{}">{}</a>', page, root)

    @admin.display(description="in its group")
    def neighbours(self, error: ErrorLog) -> SafeString | str:
        """Lead to the errors of the group that were kept before and after it."""
        known, pages = _known(error), _pages(error)
        beside = [(reverse(_ONE, args=[pages[known[way]]]), way) for way in ("previous", "next") if known[way] in pages]
        return format_html_join(" · ", '<a href="{}">{} kept in full</a>', beside) or "-"

    @admin.display(description="known bug")
    def known_bugs(self, error: ErrorLog) -> SafeString | str:
        """Lead to the bugs of the group."""
        ids = [bug["bug_id"] for bug in (_known(error)["group"] or {}).get("bugs", ())]
        rows = KnownBug.objects.filter(bug_id__in=ids).order_by("number").values_list("pk", "bug_id", "status")
        pages = [(reverse("admin:monitoring_knownbug_change", args=[pk]), bug, status) for pk, bug, status in rows]
        return format_html_join(", ", '<a href="{}">{}</a> ({})', pages) or "-"

    @admin.display(description="trace")
    def of_trace(self, error: ErrorLog) -> SafeString | str:
        """Lead to the other errors of the trace, and to its tree."""
        if not error.trace_id:
            return "-"
        page = f"{reverse(_LIST)}?{urlencode({'q': error.trace_id})}"
        return _linked(error.trace_id, [(page, "its errors"), *_tree(trace_id=error.trace_id)])

    @admin.display(description="task")
    def of_task(self, error: ErrorLog) -> SafeString | str:
        """Lead to the runs of the task, and to the tree that it belongs to."""
        if not error.task_id:
            return "-"
        runs = _address("monitoring:task", error.task_id)
        return _linked(error.task_id, [*([(runs, "its runs")] if runs else []), *_tree(task_id=error.task_id)])

    @admin.display(description="exceptions")
    def shown_exceptions(self, error: ErrorLog) -> SafeString:
        """Show frames with their source; of an error that is not kept in full, those of the nearest one that is."""
        nearest = _known(error)["nearest"]
        page = reverse(_ONE, args=[_pages(error)[nearest["error_id"]]]) if nearest else ""
        described = shown.exceptions((nearest or _known(error))["exceptions"])
        return render_to_string("admin/monitoring/errorlog/exceptions.html", {"exceptions": described, "nearest": page})

    @admin.display(description="before")
    def shown_crumbs(self, error: ErrorLog) -> SafeString:
        """Show what was logged and queried before."""
        crumbs = shown.crumbs(_known(error)["crumbs"], error.created)
        return render_to_string("admin/monitoring/errorlog/crumbs.html", {"crumbs": crumbs})

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


def _json(value: Any) -> str:
    return format_html(_PRE, json.dumps(value, indent=2, ensure_ascii=False)) if value else "-"


def _known(error: ErrorLog) -> dict[str, Any]:
    return cast(dict[str, Any], error.known)  # type: ignore[attr-defined]  # `get_object` reads it once


def _pages(error: ErrorLog) -> dict[str, int]:
    return cast(dict[str, int], error.pages)  # type: ignore[attr-defined]


def _begun_with(term: str) -> list[int]:
    """Return errors whose id begins so; an id is shortened by who passes it on."""
    digits = term.strip().lower().replace("-", "").rstrip("*…")
    if not _PART_OF_ID.fullmatch(digits):
        return []
    first, last = (UUID(digits.ljust(_ID_DIGITS, fill)) for fill in "0f")
    found = ErrorLog.objects.order_by().filter(error_id__gte=first, error_id__lte=last)
    return list(found.values_list("pk", flat=True)[:_SAME_TRACE])


def _tree(**of: str) -> list[tuple[str, str]]:
    page = _address("monitoring:task-tree")
    return [(f"{page}?{urlencode(of)}", "the tree of requests and tasks")] if page else []


def _address(name: str, *values: str) -> str:
    """Return an address of the API; nothing where a project does not have it, or the value cannot be in one."""
    try:
        return reverse(name, args=values)
    except NoReverseMatch:
        return ""


def _linked(text: str, pages: list[tuple[str, str]]) -> SafeString:
    return format_html("{} {}", text, format_html_join("", ' · <a href="{}">{}</a>', pages))
