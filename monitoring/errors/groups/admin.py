"""Admin pages of groups: they show them, and let people decide about them, as the API does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.views.decorators.http import require_POST

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.errors.log.admin import BoundedPaginator
from monitoring.errors.log.admin_filters import ValueOfGroupsFilter
from monitoring.errors.log.models import ErrorLog

from . import actions, merging, reading, totals
from .locking import RefusedError, UnknownGroupError
from .models import ErrorGroup

_SHOWN_ENTRIES = 50
_TALLEST = 48
"""Height of the greatest bar, in pixels."""
_ONE = "admin:monitoring_errorgroup_change"
_REFUSALS = (RefusedError, UnknownGroupError)


@admin.register(ErrorGroup)
class ErrorGroupAdmin(ReadOnlyAdmin):
    """Groups that are merged into no other, the latest first."""

    list_display = ["title", "status", "severity", "count", "users", "last_seen", "name", "service", "assignee", "bug"]
    list_filter = [
        "status",
        "kind",
        ("severity", ValueOfGroupsFilter),
        ("service", ValueOfGroupsFilter),
        ("environment", ValueOfGroupsFilter),
        "last_seen",
    ]
    list_select_related = ["assignee", "bug"]
    search_fields = ["title", "error_type", "exception_type", "culprit", "name"]
    actions = [
        "mark_resolved", "resolve_in_next_release", "ignore_for_a_day", "ignore", "mark_unresolved", "assign_to_me",
        "merge",
    ]  # fmt: skip
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        (None, {"fields": ["title", "status", "assignee", "bug", "severity", "category", "kind"]}),
        ("Occurrences", {"fields": ["occurrences", "affected_users", "first", "last", "by_day", "in_releases"]}),
        ("Where", {"fields": ["service", "environment", "name", "culprit", "exception_type", "status_code"]}),
        ("Decided", {"fields": ["status_at", "resolved_at", "resolved_release", "ignored_until", "ignored_count"]}),
        ("Of the same cause", {"fields": ["merged_into", "merged", "fingerprints"]}),
        ("Errors", {"fields": ["kept_errors"]}),
        ("History", {"fields": ["history"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorGroup]:
        """Leave sketches in the database, and members out of lists."""
        rows = super().get_queryset(request).defer("users_sketch")
        match = request.resolver_match
        return rows.filter(merged_into=None) if match and match.url_name == "monitoring_errorgroup_changelist" else rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ErrorGroup | None:
        """Return a group with all that is known of it."""
        group = super().get_object(request, object_id, from_field)
        if group is not None:
            group.known = reading.known(group.pk, group._state.db or "default")
        return cast(ErrorGroup | None, group)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Deciding about groups is what changing them means."""
        return request.user.has_perm("monitoring.change_errorgroup")

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, and where comments are sent to."""
        to = self.admin_site.admin_view(require_POST(self.add_comment))
        return [path("<int:pk>/comment/", to, name="monitoring_errorgroup_comment"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a group, with what can be decided about it by whom it is shown to."""
        given = {"may_decide": self.has_decide_permission(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **given})

    def add_comment(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a comment to the history of a group.

        Raises:
            PermissionDenied: The user may only look.
        """
        if not self.has_decide_permission(request):
            raise PermissionDenied
        text = request.POST.get("text", "").strip()
        try:
            if text:
                actions.comment(pk, text, cast(AbstractBaseUser, request.user))
        except _REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
        return HttpResponseRedirect(reverse(_ONE, args=[pk]))

    @admin.action(description="Resolve selected groups", permissions=["decide"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Call groups resolved."""
        return self._decide(request, queryset, actions.resolve, "Resolved", "", "Its next error makes a group regress.")

    @admin.action(description="Resolve selected groups in the next release", permissions=["decide"])
    def resolve_in_next_release(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Call groups resolved in the release that is seen next."""
        return self._decide(
            request,
            queryset,
            lambda pks, user: actions.resolve_in_release(pks, "", user),
            "Resolved",
            " in the next release",
        )

    @admin.action(description="Ignore selected groups for a day", permissions=["decide"])
    def ignore_for_a_day(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Ignore groups until this time tomorrow."""
        day = actions.Ignoring(until=datetime.now(UTC) + timedelta(days=1))
        return self._decide(
            request, queryset, lambda pks, user: actions.ignore(pks, day, user), "Ignored", " for a day"
        )

    @admin.action(description="Ignore selected groups for good", permissions=["decide"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Ignore groups without an end."""
        good = actions.Ignoring()
        return self._decide(
            request, queryset, lambda pks, user: actions.ignore(pks, good, user), "Ignored", " for good"
        )

    @admin.action(description="Call selected groups unresolved", permissions=["decide"])
    def mark_unresolved(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Take back that groups are resolved or ignored."""
        return self._decide(request, queryset, actions.unresolve, "Called", " unresolved")

    @admin.action(description="Assign selected groups to me", permissions=["decide"])
    def assign_to_me(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Have the user look after groups."""
        return self._decide(request, queryset, lambda pks, user: actions.assign(pks, user, user), "Assigned", " to you")

    @admin.action(description="Merge selected groups into the most frequent one", permissions=["decide"])
    def merge(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> HttpResponse | None:
        """Merge groups into the one of them that occurred most often."""

        def join(pks: list[int], user: AbstractBaseUser) -> list[int]:
            if pks:
                merging.merge(pks[0], pks[1:], user)
            return pks[1:]

        ordered = queryset.order_by("-count", "pk")
        return self._decide(request, ordered, join, "Merged", " into the most frequent one")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[ErrorGroup],
        decide: Callable[[list[int], AbstractBaseUser], list[int]],
        done: str,
        how: str = "",
        then: str = "",
    ) -> HttpResponse | None:
        """Decide about groups, say what was done, and lead back to where that was asked for."""
        pks = list(queryset.values_list("pk", flat=True))
        try:
            changed = decide(pks, cast(AbstractBaseUser, request.user))
        except _REFUSALS as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
        else:
            self.message_user(request, f"{done} {counted(len(changed), 'group')}{how}. {then}".strip())
        of = request.POST.get("of", "")
        return HttpResponseRedirect(reverse(_ONE, args=[of])) if of.isdecimal() else None

    @admin.display(description="count")
    def occurrences(self, group: ErrorGroup) -> int:
        """Show how often it and its members occurred."""
        return _sums(group).count

    @admin.display(description="users")
    def affected_users(self, group: ErrorGroup) -> str:
        """Show how many users it and its members met."""
        return f"{'' if _sums(group).exact else 'about '}{_sums(group).users}"

    @admin.display(description="first seen")
    def first(self, group: ErrorGroup) -> str:
        """Show when, and in which release."""
        return f"{_moment(_sums(group).first_seen)} {_sums(group).first_release}"

    @admin.display(description="last seen")
    def last(self, group: ErrorGroup) -> str:
        """Show when, and in which release."""
        return f"{_moment(_sums(group).last_seen)} {_sums(group).last_release}"

    @admin.display(description="last 14 days")
    def by_day(self, group: ErrorGroup) -> SafeString:
        """Show how often it occurred in each span of 24 hours, as bars."""
        days = _known(group).days
        most = max(*days.counts, 1)
        starts = [days.start + place * timedelta(seconds=days.seconds) for place in range(len(days.counts) + 1)]
        bars = [
            (localtime(start), localtime(end), count, -(-count * _TALLEST // most))
            for start, end, count in zip(starts, starts[1:], days.counts, strict=False)
        ]
        given = {"bars": bars, "total": sum(days.counts), "most": max(days.counts)}
        return render_to_string("admin/monitoring/errorgroup/days.html", given)

    @admin.display(description="releases")
    def in_releases(self, group: ErrorGroup) -> str:
        """Show in which releases it occurred how often."""
        return ", ".join(f"{one['release']} ({one['count']})" for one in _known(group).releases) or "-"

    @admin.display(description="merged into it")
    def merged(self, group: ErrorGroup) -> SafeString | str:
        """Lead to the members."""
        pages = [(reverse("admin:monitoring_errorgroup_change", args=[one.pk]), one) for one in _sums(group).members]
        return format_html_join(", ", '<a href="{}">{}</a>', pages) or "-"

    @admin.display(description="fingerprints")
    def fingerprints(self, group: ErrorGroup) -> str:
        """Show by what its errors are known."""
        return ", ".join(_known(group).fingerprints)

    @admin.display(description="kept in full")
    def kept_errors(self, group: ErrorGroup) -> SafeString:
        """Lead to the first and the latest error, and to all of them."""
        known = _known(group)
        ends = {"first": known.first_error, "latest": known.latest_error}
        rows = ErrorLog.objects.filter(error_id__in=list(filter(None, ends.values()))).order_by()
        found = {error_id: (pk, created) for pk, error_id, created in rows.values_list("pk", "error_id", "created")}
        pages = [
            (reverse("admin:monitoring_errorlog_change", args=[found[end][0]]), name, _moment(found[end][1]))
            for name, end in ends.items()
            if end in found
        ]
        family = ",".join(str(one.pk) for one in (group, *_sums(group).members))
        return format_html(
            '{}<a href="{}?group__in={}">all errors</a>',
            format_html_join("", '<a href="{}">{}, {}</a> · ', pages),
            reverse("admin:monitoring_errorlog_changelist"),
            family,
        )

    @admin.display(description="history")
    def history(self, group: ErrorGroup) -> SafeString | str:
        """Show what people said and decided, and what came of it."""
        entries = _known(group).history[:_SHOWN_ENTRIES]
        rows = [(_moment(one.at), one.who, one.get_kind_display(), _told(one.detail)) for one in entries]
        return format_html_join("", "<div>{} {}: {} {}</div>", rows) or "-"


def _known(group: ErrorGroup) -> reading.Known:
    return cast(reading.Known, group.known)  # type: ignore[attr-defined]  # `get_object` reads it once


def _sums(group: ErrorGroup) -> totals.Totals:
    return _known(group).totals


def _moment(value: Any) -> str:
    return localtime(value).strftime("%Y-%m-%d %H:%M:%S")


def _told(detail: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" if name != "text" else str(value) for name, value in detail.items())
