"""What a rule can be: one judgement for settings, the admin and the API.

A rule travels as a dict of plain values, whose keys are those of `FIELDS`, and `kind`, `params` and `filters`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

from monitoring.classification import ErrorSeverity

from . import forms, template
from .forms import Form
from .kind import Kind
from .models import AlertRule
from .registry import KINDS
from .rule import OWN_LABELS, Filters, Params, Rule

MAX_NAME, MAX_URL, MAX_LABELS, MAX_LABEL, MAX_CHANNELS = 100, 500, 20, 200, 20
WEEK = 7 * forms.DAY
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,49}")
_FILTERS = tuple(one.name for one in fields(Filters))
_PATTERNS = forms.patterns()


class InvalidRuleError(ValueError):
    """A rule cannot be as it was asked for.

    Attributes:
        problems: What is wrong, by field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field} {text}" for field, text in problems.items()))
        self.problems = dict(problems)


def _line(most: int, least: int = 0) -> Form:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value) <= most or not value.isprintable():
            raise ValueError
        return value

    return Form(f"one line of {least} to {most} characters", read)


def _url(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_URL or not value.isprintable() or " " in value:
        raise ValueError
    parts = urlsplit(value)
    if value and not (parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError
    return value


def _labels(value: Any) -> dict[str, str]:
    good = isinstance(value, Mapping) and len(value) <= MAX_LABELS
    if (
        not good
        or not all(isinstance(name, str) and _LABEL.fullmatch(name) for name in value)
        or OWN_LABELS & set(value)
    ):
        raise ValueError
    read = _line(MAX_LABEL).read
    return {name: read(text) for name, text in value.items()}


def _channels(value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_CHANNELS:
        raise ValueError
    read = _line(MAX_NAME, 1).read
    return [read(name) for name in value]


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004  # forms raise one exception
    return value


FIELDS: dict[str, Form] = {
    "name": _line(MAX_NAME, 1),
    "severity": forms.choice(*(one.value for one in ErrorSeverity)),
    "for_seconds": forms.whole(0, WEEK),
    "keep_firing_seconds": forms.whole(0, WEEK),
    "min_count": forms.whole(0, 10**9),
    "cooldown_seconds": forms.whole(0, WEEK),
    "channels": Form(f"a list of up to {MAX_CHANNELS} names of channels", _channels),
    "summary": Form(
        f"one line of up to {template.MAX_TEMPLATE} characters, with labels in braces",
        _line(template.MAX_TEMPLATE).read,
    ),
    "runbook_url": Form("an http(s) URL, or empty", _url),
    "labels": Form(
        f'a dict of up to {MAX_LABELS} texts by name, like {{"team": "shop"}}, '
        f"none named {', '.join(sorted(OWN_LABELS))}",
        _labels,
    ),
    "enabled": Form("true or false", _flag),
}
"""What the plain fields of a rule accept."""
NAMES = ("name", "kind", "params", "filters", *(name for name in FIELDS if name != "name"))
"""Every field of a rule, in the order in which people read it."""
DEFAULTS: dict[str, Any] = {
    "params": {},
    "filters": {},
    "severity": ErrorSeverity.HIGH.value,
    "for_seconds": 0,
    "keep_firing_seconds": 0,
    "min_count": 0,
    "cooldown_seconds": 3600,
    "channels": [],
    "summary": "",
    "runbook_url": "",
    "labels": {},
    "enabled": True,
}
"""What a rule is where nothing is said; name and kind must be."""


def problems(values: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with a rule and which form is accepted, by field; nothing where all is well.

    Args:
        values: The rule; what is left out is `DEFAULTS`.
    """
    found = {str(name): "is no field of a rule" for name in values if name not in NAMES}
    for name, form in FIELDS.items():
        if name in values or name not in DEFAULTS:
            try:
                form.read(values.get(name))
            except ValueError:
                found[name] = f"must be {form.says}"
    kind = KINDS.get(values["kind"]) if isinstance(values.get("kind"), str) else None
    if kind is None:
        return {**found, "kind": f"must be one of {', '.join(KINDS)}"}
    filters, wrong = _filters(values.get("filters", {}), kind)
    params, wrong_params = _params(values.get("params", {}), kind)
    found |= {name: text for name, text in (("filters", wrong), ("params", wrong_params)) if text}
    if params is not None and filters is not None:
        found |= dict(kind.check(params, filters))
    if values.get("min_count") and kind.min_count is None and "min_count" not in found:
        found["min_count"] = f"must be 0: rules of the kind {kind.name} judge no rate"
    return found


def sentence(text: str) -> str:
    """Return what is wrong with a field as a sentence to be shown beside it."""
    return f"It {text}." if text.split(" ", 1)[0] in ("must", "is", "cannot") else f"{text}."


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a rule with all that it left out, as plain values.

    Raises:
        InvalidRuleError: Something is wrong with it.
    """
    if found := problems(values):
        raise InvalidRuleError(found)
    return {name: values.get(name, DEFAULTS.get(name)) for name in NAMES}


def values_of(row: AlertRule) -> dict[str, Any]:
    """Return the fields of a rule that is stored."""
    return {name: getattr(row, name) for name in NAMES}


def rule_of(row: AlertRule) -> Rule:
    """Return a stored rule as a value.

    Raises:
        InvalidRuleError: It was stored by another version, and is none any more.
    """
    values = complete(values_of(row))
    kind = KINDS[values["kind"]]
    filters, _ = _filters(values["filters"], kind)
    params, _ = _params(values["params"], kind)
    if filters is None or params is None:  # `complete` has seen that there are both
        raise InvalidRuleError({"params": "cannot be read"})
    return Rule(
        id=row.pk,
        name=row.name,
        kind=kind.name,
        params=params,
        filters=filters,
        severity=ErrorSeverity(row.severity),
        for_seconds=row.for_seconds,
        keep_firing_seconds=row.keep_firing_seconds,
        min_count=row.min_count,
        cooldown_seconds=row.cooldown_seconds,
        channels=tuple(row.channels),
        summary=row.summary,
        runbook_url=row.runbook_url,
        labels=dict(row.labels),
        source=row.source,
    )


def _params(values: Any, kind: Kind[Any]) -> tuple[Params | None, str]:
    if not isinstance(values, Mapping):
        return None, f"must be a dict of parameters: {', '.join(one.name for one in fields(kind.params)) or 'none'}"
    params, wrong = forms.read_params(kind.params, values)
    return params, "; ".join(f"{name} {text}" for name, text in wrong.items())


def _filters(values: Any, kind: Kind[Any]) -> tuple[Filters | None, str]:
    """Read filters; one that says nothing is accepted for every kind."""
    if not isinstance(values, Mapping) or not all(name in _FILTERS for name in values):
        return None, f"must be a dict of lists of patterns by any of {', '.join(_FILTERS)}"
    try:
        read = {name: _PATTERNS.read(patterns) for name, patterns in values.items()}
    except ValueError:
        return None, f"must be a dict, each value {_PATTERNS.says}"
    filters = Filters(**read)
    idle = sorted(filters.given() - kind.filters)
    if idle:
        can = ", ".join(sorted(kind.filters)) or "nothing"
        return None, f"cannot narrow rules of the kind {kind.name} by {', '.join(idle)}, only by {can}"
    return filters, ""
