"""The form of a channel in the admin: each kind's settings as fields of their own, of which secrets are never shown."""

from __future__ import annotations

from typing import Any

from django import forms

from monitoring.classification import ErrorSeverity

from . import redaction, registry
from .base import Field, Kind
from .models import AlertChannel

_SEVERITIES = [(one.value, one.value.capitalize()) for one in ErrorSeverity]


def name_of(kind: Kind, field: Field) -> str:
    """Return what a setting of a kind is called in the form."""
    return f"{kind.name}_{field.name}"


class _BaseForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    kind = forms.ChoiceField(choices=[(kind.name, kind.label) for kind in registry.KINDS.values()])
    severities = forms.MultipleChoiceField(
        choices=_SEVERITIES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="It gets the incidents of these; with none it gets what rules send to it by name.",
    )

    class Meta:
        model = AlertChannel
        fields = ("name", "kind", "severities", "escalation", "enabled", "hourly_limit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.instance.settings if isinstance(self.instance.settings, dict) else {}
        for kind, field in _all():
            if kind.name == self.instance.kind and field.many:
                self.initial[name_of(kind, field)] = "\n".join(map(str, stored.get(field.name) or []))

    def clean(self) -> dict[str, Any]:
        """Put the settings together, and hold them to what the kind needs."""
        cleaned: dict[str, Any] = super().clean() or {}
        kind = registry.KINDS.get(self.instance.kind if self.instance.pk else cleaned.get("kind", ""))
        if kind is None:
            return cleaned
        stored = self.instance.settings if isinstance(self.instance.settings, dict) else {}
        given = {field.name: self._given(kind, field) for field in kind.fields}
        settings = redaction.merged(kind.name, stored, given)
        for problem in registry.problems(kind.name, settings):
            self.add_error(None, problem)
        self.instance.settings = settings
        return cleaned

    def _given(self, kind: Kind, field: Field) -> Any:
        value = self.cleaned_data.get(name_of(kind, field)) or ""
        if field.many:
            return [one.strip() for one in value.replace(",", "\n").splitlines() if one.strip()]
        if field.secret and not value:
            return "" if self.cleaned_data.get(f"{name_of(kind, field)}_forget") else redaction.SECRET
        return value.strip()


def _all() -> list[tuple[Kind, Field]]:
    return [(kind, field) for kind in registry.KINDS.values() for field in kind.fields]


def _declared() -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for kind, field in _all():
        name, label = name_of(kind, field), field.name.replace("_", " ").capitalize()
        if field.many:
            widget: forms.Widget = forms.Textarea(attrs={"rows": 3, "cols": 60})
            fields[name] = forms.CharField(
                label=label, required=False, widget=widget, help_text=f"{field.help}, in lines."
            )
        elif field.secret:
            # What is stored is not even sent to the browser.
            widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60})
            told = f"{field.help}. It is never shown; leave it empty to keep what is stored."
            fields[name] = forms.CharField(label=label, required=False, widget=widget, help_text=told)
        else:
            fields[name] = forms.CharField(label=label, required=False, help_text=f"{field.help}.")
        if field.secret and not field.required:
            fields[f"{name}_forget"] = forms.BooleanField(label=f"Forget the {label.lower()}", required=False)
    return fields


DECLARED = _declared()
ChannelForm: type[_BaseForm] = type("ChannelForm", (_BaseForm,), dict(DECLARED))
"""The form, with the fields of all kinds."""
