"""Forms of the admin, in which matchers are lines such as `service="shop"`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from . import actions, windows
from .matchers import MatcherError, parse, parse_text
from .models import Inhibition, MaintenanceWindow, Silence

_HELP = 'One condition a line, such as service="shop", route=~"api/.*" or severity!=low; all have to be met.'


class MatchersField(forms.CharField):
    """Matchers, one a line.

    Args:
        kwargs: What a field takes.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": _HELP, "widget": forms.Textarea(attrs={"rows": 4}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        """Return stored matchers as lines."""
        if not isinstance(value, list):
            return value
        try:
            return "\n".join(str(matcher) for matcher in parse(value)) if value else ""
        except MatcherError:
            return ""

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Return lines as matchers.

        Raises:
            ValidationError: They mean nothing.
        """
        text = super().clean(value)
        try:
            rows = parse_text(text)
            if rows or self.required:
                parse(rows)
        except MatcherError as error:
            raise ValidationError(str(error)) from error
        return rows

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a person changed the lines."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class LabelsField(forms.CharField):
    """Names of labels, separated by commas."""

    def prepare_value(self, value: Any) -> Any:
        """Return stored names as text."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        """Return text as names."""
        return [name for name in (part.strip() for part in super().clean(value).split(",")) if name]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether a person changed the names."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class SilenceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A silence that is made."""

    matchers = MatchersField()

    class Meta:
        model = Silence
        fields: Sequence[str] = ("matchers", "starts", "ends", "comment")

    def clean(self) -> dict[str, Any]:
        """Refuse times that do not fit."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("starts") and values.get("ends"):
            try:
                actions.check_times(values["starts"], values["ends"])
            except MatcherError as error:
                raise ValidationError(str(error)) from error
        return values


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A maintenance window."""

    matchers = MatchersField(required=False, help_text=f"{_HELP} Without any, nobody is told of anything.")

    class Meta:
        model = MaintenanceWindow
        fields: Sequence[str] = (
            "name", "matchers", "starts", "minutes", "cron", "time_zone", "ends", "enabled", "comment",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse windows that could never be open."""
        values: dict[str, Any] = super().clean() or {}
        try:
            windows.check(values.get("cron", ""), values.get("time_zone", ""), values.get("minutes") or 0)
        except windows.WindowError as error:
            raise ValidationError(str(error)) from error
        return values


class InhibitionForm(forms.ModelForm):  # type: ignore[type-arg]
    """Which incidents follow from which."""

    source_matchers = MatchersField(label="Cause")
    target_matchers = MatchersField(label="What follows from it")
    equal = LabelsField(required=False, help_text="Labels that must be equal, separated by commas.")

    class Meta:
        model = Inhibition
        fields: Sequence[str] = ("name", "source_matchers", "target_matchers", "equal", "enabled", "comment")
