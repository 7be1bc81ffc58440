"""Admin page of incidents: it shows them with their histories, and lets people decide about them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from monitoring.access.admin import ReadOnlyAdmin, counted
from monitoring.alerts.silences import actions as silences
from monitoring.alerts.silences.matchers import MatcherError

from . import actions
from .models import Evaluation, Incident, IncidentEntry, RuleTrouble

_SHOWN_ENTRIES = 100
_HOUR = 3_600
_REFUSALS = (actions.RefusedError, actions.UnknownIncidentError, MatcherError)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Incidents, the latest first; those that are not over are found by their state."""

    list_display = ["summary", "state", "severity", "rule_name", "count", "started", "fired", "resolved", "quiet"]
    list_filter = ["state", "severity", "silenced", "inhibited", "flapping", "started"]
    list_select_related = False
    search_fields = ["summary", "rule_name", "key"]
    actions = ["acknowledge", "unacknowledge", "silence_for_an_hour", "silence_for_a_day", "resolve"]
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        (None, {"fields": ["summary", "state", "severity", "rule", "rule_name", "labels"]}),
        ("Times", {"fields": ["started", "fired", "last_active", "absent_since", "resolved"]}),
        ("What was found", {"fields": ["value", "count", "evidence"]}),
        ("Who looks after it", {"fields": ["acknowledged_by", "acknowledged_at"]}),
        (
            "Who is not told",
            {"fields": ["flapping", "silenced", "silence", "maintenance", "inhibited", "inhibited_by"]},
        ),
        ("History", {"fields": ["history"]}),
    ]
    readonly_fields = ["history"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Deciding about incidents is what changing them means."""
        return request.user.has_perm("monitoring.change_incident")

    @admin.display(description="told", boolean=True)
    def quiet(self, incident: Incident) -> bool:
        """Show whether people are told of it."""
        return not incident.muted

    @admin.display(description="history")
    def history(self, incident: Incident) -> SafeString:
        """Show what became of it, the latest first."""
        entries = IncidentEntry.objects.using(incident._state.db).filter(incident=incident.pk)[:_SHOWN_ENTRIES]
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((f"{localtime(one.at):%Y-%m-%d %H:%M:%S}", one.kind, one.who, _told(one)) for one in entries),
        )
        return format_html("<table><tr><th>When</th><th>What</th><th>Who</th><th></th></tr>{}</table>", lines)

    @admin.action(description="Acknowledge selected incidents", permissions=["decide"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        """Say that the user looks after incidents."""
        self._decide(request, queryset, actions.acknowledge, "Acknowledged")

    @admin.action(description="Take acknowledgements of selected incidents back", permissions=["decide"])
    def unacknowledge(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        """Say that nobody looks after incidents."""
        self._decide(request, queryset, actions.unacknowledge, "No longer acknowledged:")

    @admin.action(description="Silence selected incidents for an hour", permissions=["decide"])
    def silence_for_an_hour(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        """Tell nobody of incidents for an hour."""
        self._decide(request, queryset, lambda pk, who: bool(silences.silence_incident(pk, _HOUR, who)), "Silenced")

    @admin.action(description="Silence selected incidents for a day", permissions=["decide"])
    def silence_for_a_day(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        """Tell nobody of incidents for a day."""
        day = 24 * _HOUR
        self._decide(request, queryset, lambda pk, who: bool(silences.silence_incident(pk, day, who)), "Silenced")

    @admin.action(description="Resolve selected incidents of events", permissions=["decide"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Incident]) -> None:
        """Say that incidents are over."""
        self._decide(request, queryset, actions.resolve, "Resolved")

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Incident],
        decide: Callable[[int, str], bool],
        done: str,
    ) -> None:
        """Decide about each by itself, and say what was done and what was refused."""
        changed, refused = 0, dict[str, int]()
        for pk in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                changed += decide(pk, request.user.get_username())
            except _REFUSALS as error:
                refused[str(error)] = refused.get(str(error), 0) + 1
        if changed or not refused:
            self.message_user(request, f"{done} {counted(changed, 'incident')}.")
        for reason, number in refused.items():
            self.message_user(request, f"{counted(number, 'incident')} not changed: {reason}", messages.ERROR)


@admin.register(RuleTrouble)
class RuleTroubleAdmin(ReadOnlyAdmin):
    """Rules that cannot be evaluated, or once could not."""

    list_display = ["rule_name", "since", "failures", "error"]
    search_fields = ["rule_name", "error"]
    ordering = ["-since", "rule_name"]


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """How the last evaluation of all rules went."""

    list_display = ["completed", "seconds", "rules", "failing", "watchdog_answered", "watchdog_problem"]


def _told(entry: IncidentEntry) -> str:
    """Return what belongs to an entry, as a line."""
    if "text" in entry.detail:
        return str(entry.detail["text"])
    return ", ".join(f"{name}: {value}" for name, value in entry.detail.items())
