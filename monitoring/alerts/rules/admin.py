"""Admin pages of alert rules: made, changed and switched off here by the same judgement as over HTTP."""

from __future__ import annotations

import json
from dataclasses import MISSING
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from monitoring.access.admin import counted

from . import changing, evaluation, validation
from .changing import RefusedError
from .forms import described
from .models import AlertRule, RuleChange, Source
from .registry import KINDS

_SHOWN_SAMPLES, _SHOWN_CHANGES = 10, 20
_JSON = ("params", "filters", "channels", "labels")
_KEPT = ["source", "edited", "changed_at", "changed_by", "shown_changes"]
_LINES = '<pre style="white-space: pre-wrap; overflow-wrap: anywhere; margin: 0">{}</pre>'
_HELP = {
    "params": "JSON; what each kind accepts stands below.",
    "filters": 'JSON; patterns by service, environment, release, route or queue, like {"service": ["shop*"]}.',
    "channels": 'JSON; names of channels, like ["ops"]. Those of the severity where there are none.',
    "labels": 'JSON; further labels, like {"team": "shop"}.',
    "min_count": "Rates and quantiles of fewer occurrences are not judged; 0 for what is usual for the kind.",
    "summary": "What people read, with labels in braces; that of the kind unless given.",
    "for_seconds": "For so long it has to be true before it fires.",
    "keep_firing_seconds": "For so long it fires on when it is true no more.",
    "cooldown_seconds": "Within so long nobody is told again of what goes on.",
}


class _Encoder(json.JSONEncoder):
    """Writes values as people edit them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "indent": 2, "ensure_ascii": False})


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A rule as people type it."""

    kind = forms.ChoiceField(choices=lambda: [(one.name, f"{one.name}: {one.says}") for one in KINDS.values()])
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = AlertRule
        fields = list(validation.NAMES)
        help_texts = _HELP

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _JSON:
            if name in self.fields:
                field: Any = self.fields[name]
                field.encoder, field.required = _Encoder, False
                field.widget.attrs |= {"rows": 5, "spellcheck": "false"}
        if "seen" in self.fields:
            self.fields["seen"].initial = _seen(self.instance)

    def clean(self) -> dict[str, Any]:
        """Say of each field what is wrong with it, and refuse what somebody else changed meanwhile."""
        given = super().clean() or {}
        for name in _JSON:
            if name in given and given[name] is None:
                given[name] = validation.DEFAULTS[name]
        if self.instance.pk is not None and given.get("seen", "") != _seen(self.instance):
            raise forms.ValidationError("Somebody else has changed this rule meanwhile; look at it again.")
        stored = model_to_dict(self.instance, fields=validation.NAMES) if self.instance.pk is not None else {}
        values = {name: given.get(name, stored.get(name)) for name in validation.NAMES if name not in self.errors}
        for name, text in validation.problems(values).items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, validation.sentence(text))
        return given


def _seen(rule: AlertRule) -> str:
    return rule.changed_at.isoformat() if rule.changed_at else ""


@admin.register(AlertRule)
class AlertRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Rules by name. Builtin ones can be changed, switched off and restored, but stay."""

    form = RuleForm
    list_display = ["name", "kind", "severity", "enabled", "source", "edited", "changed_by"]
    list_filter = ["enabled", "severity", "source", "kind"]
    search_fields = ["name", "summary"]
    actions = ["enable", "disable", "restore"]
    ordering = ["name"]
    list_per_page = 100
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["name", "enabled", "severity", "kind", "params", "filters", "shown_kinds"]}),
        ("When", {"fields": ["for_seconds", "keep_firing_seconds", "min_count"]}),
        ("Who is told what", {"fields": ["channels", "cooldown_seconds", "summary", "runbook_url", "labels"]}),
        ("What it finds now", {"fields": ["found"]}),
        ("Who made it what it is", {"fields": [*_KEPT, "seen"]}),
    ]

    def get_readonly_fields(self, _request: HttpRequest, obj: AlertRule | None = None) -> list[str]:
        """Let nobody rename what is known by its name."""
        fixed = ["name"] if obj is not None and obj.source in (Source.BUILTIN, Source.CODE) else []
        return [*_KEPT, "shown_kinds", "found", *fixed]

    def has_change_permission(self, request: HttpRequest, obj: AlertRule | None = None) -> bool:
        """What settings say is changed in settings."""
        return super().has_change_permission(request, obj) and (obj is None or not changing.refusal(obj))

    def has_delete_permission(self, request: HttpRequest, obj: AlertRule | None = None) -> bool:
        """Only what people made can go."""
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or obj.source in (Source.ADMIN, Source.API))

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: bool) -> None:
        """Write a rule, and who did it."""
        names = set(validation.NAMES)
        given = {name: value for name, value in form.cleaned_data.items() if name in names}
        try:
            if change:
                changing.change(AlertRule.objects.get(pk=obj.pk), given, _who(request))
                return
            made = changing.create(given, _who(request), Source.ADMIN)
        except (RefusedError, validation.InvalidRuleError) as error:  # decided between the form and here
            raise PermissionDenied(str(error)) from error
        obj.pk, obj.source = made.pk, made.source

    def delete_model(self, request: HttpRequest, obj: AlertRule) -> None:
        """Delete a rule, and keep who did it."""
        changing.delete(obj, _who(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Delete rules, and keep who did it."""
        for rule in queryset:
            changing.delete(rule, _who(request))

    @admin.action(description="Switch selected rules on", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Switch rules on."""
        self._each(request, queryset, "Switched on", lambda rule, who: changing.change(rule, {"enabled": True}, who))

    @admin.action(description="Switch selected rules off", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Switch rules off."""
        self._each(request, queryset, "Switched off", lambda rule, who: changing.change(rule, {"enabled": False}, who))

    @admin.action(description="Restore selected builtin rules", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Make builtin rules what they were."""
        self._each(request, queryset, "Restored", changing.restore)

    def _each(self, request: HttpRequest, queryset: QuerySet[AlertRule], done: str, act: Any) -> None:
        """Do something to each rule that it can be done to, and say of the others why not."""
        number = 0
        for rule in queryset:
            try:
                act(rule, _who(request))
                number += 1
            except (RefusedError, validation.InvalidRuleError) as error:
                self.message_user(request, f"{rule.name}: {error}", messages.ERROR)
        if number:
            self.message_user(request, f"{done} {counted(number, 'rule')}.")

    @admin.display(description="parameters")
    def shown_kinds(self, _rule: AlertRule) -> SafeString:
        """Show what each kind accepts."""
        return format_html_join(
            "",
            "<details><summary><b>{}</b>: {}</summary><ul>{}</ul>Filters: {}</details>",
            (
                (
                    one.name,
                    one.says,
                    format_html_join("", "<li><b>{}</b>: {}{} {}</li>", _parameters(one.params)),
                    ", ".join(sorted(one.filters)) or "none",
                )
                for one in KINDS.values()
            ),
        )

    @admin.display(description="active")
    def found(self, rule: AlertRule) -> SafeString | str:
        """Show what is active by the rule, as it is stored."""
        if rule.pk is None:
            return "-"
        try:
            with transaction.atomic():  # the page may be part of a transaction, which goes on
                samples = evaluation.read(validation.rule_of(rule), datetime.now(UTC)).samples
        except Exception as error:  # whatever is wrong, the rule can be looked at
            return f"It cannot be evaluated: {type(error).__name__}: {error}"
        shown = "\n".join(one.summary for one in samples[:_SHOWN_SAMPLES])
        return format_html(_LINES, f"{counted(len(samples), 'thing')}\n{shown}") if samples else "Nothing"

    @admin.display(description="history")
    def shown_changes(self, rule: AlertRule) -> SafeString | str:
        """Show who changed what, the latest first."""
        rows = RuleChange.objects.filter(rule=rule.name)[:_SHOWN_CHANGES] if rule.pk else []
        lines = [f"{localtime(row.at):%Y-%m-%d %H:%M:%S} {row.who}: {_changes(row)}" for row in rows]
        return format_html(_LINES, "\n".join(lines)) if lines else "-"


def _who(request: HttpRequest) -> str:
    return str(request.user.get_username())


def _parameters(params: Any) -> list[tuple[str, str, str, str]]:
    return [
        (name, says, "." if default is MISSING else f" ({json.dumps(default)} unless given).", meaning)
        for name, says, meaning, default in described(params)
    ]


def _changes(row: RuleChange) -> str:
    if all(before is None for before, _ in row.changes.values()):
        return "made it"
    if all(after is None for _, after in row.changes.values()):
        return "deleted it"
    told = ((name, *row.changes[name]) for name in validation.NAMES if name in row.changes)
    return ", ".join(f"{name} {json.dumps(before)} → {json.dumps(after)}" for name, before, after in told)
