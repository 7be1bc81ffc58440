"""Admin pages of groups: they show them, and let people resolve and ignore them; all else goes through the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from monitoring.access.admin import ReadOnlyAdmin
from monitoring.errors.log.admin import BoundedPaginator, ValueOfGroupsFilter

from . import actions, reading, totals
from .locking import RefusedError, UnknownGroupError
from .models import ErrorGroup

_SHOWN_ENTRIES = 50


@admin.register(ErrorGroup)
class ErrorGroupAdmin(ReadOnlyAdmin):
    """Groups that are merged into no other, the latest first."""

    list_display = ["title", "status", "severity", "count", "users", "last_seen", "name", "service", "assignee", "bug"]
    list_filter = ["status", "kind", ("severity", ValueOfGroupsFilter), ("service", ValueOfGroupsFilter), "last_seen"]
    list_select_related = ["assignee", "bug"]
    search_fields = ["title", "error_type", "exception_type", "culprit", "name"]
    actions = ["mark_resolved", "ignore", "mark_unresolved"]
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

    @admin.action(description="Resolve selected groups", permissions=["decide"])
    def mark_resolved(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        """Call groups resolved."""
        self._decide(request, queryset, actions.resolve, "resolved; they regress when their errors occur again")

    @admin.action(description="Ignore selected groups for good", permissions=["decide"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        """Ignore groups without an end."""
        for_good = actions.Ignoring()
        self._decide(request, queryset, lambda pks, user: actions.ignore(pks, for_good, user), "ignored for good")

    @admin.action(description="Take back that selected groups are resolved or ignored", permissions=["decide"])
    def mark_unresolved(self, request: HttpRequest, queryset: QuerySet[ErrorGroup]) -> None:
        """Call groups unresolved."""
        self._decide(request, queryset, actions.unresolve, "unresolved")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[ErrorGroup],
        decide: Callable[[list[int], AbstractBaseUser], list[int]],
        now: str,
    ) -> None:
        pks = list(queryset.values_list("pk", flat=True))
        try:
            changed = decide(pks, cast(AbstractBaseUser, request.user))
        except (RefusedError, UnknownGroupError) as error:
            self.message_user(request, f"Nothing was changed: {error}", messages.ERROR)
            return
        self.message_user(request, f"{len(changed)} group(s) are {now}.")

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
    def by_day(self, group: ErrorGroup) -> str:
        """Show how often it occurred on each."""
        return " ".join(str(count) for count in _known(group).days.counts)

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
        return format_html(
            'first {}, latest {}, <a href="{}?fingerprint__in={}">all</a>',
            known.first_error or "-",
            known.latest_error or "-",
            reverse("admin:monitoring_errorlog_changelist"),
            ",".join(known.fingerprints),
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
