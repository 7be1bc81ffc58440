"""The rules that there are to be without anybody having made them in the admin or the API. Pure functions over values.

They are the builtin ones, with the thresholds that code has set, and what the setting `ALERT_RULES` says: an entry of
it with the name of a builtin rule changes that one, every other one is a rule of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import builtin
from .models import Source
from .validation import InvalidRuleError, complete, problems

NAME = "ALERT_RULES"
MAX_RULES = 500
_BUILTIN = {values["name"]: values for values in builtin.RULES}
_RULE = '{"name": "Slow checkout", "kind": "latency", "params": {"threshold_seconds": 2}}'


@dataclass(frozen=True)
class Desired:
    """A rule as it is to be.

    Attributes:
        values: All of its fields.
        source: Where that comes from.
    """

    values: Mapping[str, Any]
    source: Source


def builtin_values(name: str) -> dict[str, Any] | None:
    """Return all fields of a builtin rule; None where there is none of the name."""
    return complete(_BUILTIN[name]) if name in _BUILTIN else None


def rules(settings: Sequence[Any], thresholds: Mapping[str, float]) -> dict[str, Desired]:
    """Return the rules that there are to be, by name. What is wrong in settings is left out (`setting_problems`).

    Args:
        settings: The setting.
        thresholds: Thresholds that code has set, by severity.
    """
    found = {name: Desired(complete(values), Source.BUILTIN) for name, values in _BUILTIN.items()}
    for severity, threshold in thresholds.items():
        name = builtin.THRESHOLD_RULES[severity]
        values = found[name].values
        changed = {**values, "params": {**values["params"], "threshold": threshold}}
        found[name] = Desired(changed, Source.CODE)
    given: set[str] = set()
    for entry in settings[:MAX_RULES]:
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str) or entry["name"] in given:
            continue
        try:
            values = complete(_over(entry, found))
        except InvalidRuleError:
            continue
        given.add(values["name"])
        found[values["name"]] = Desired(values, Source.SETTINGS)
    return found


def setting_problems(settings: Sequence[Any]) -> list[str]:
    """Say, one line each, what is wrong with the setting, where, and which form is accepted."""
    found = [] if len(settings) <= MAX_RULES else [f"MONITORING['{NAME}'] can have {MAX_RULES} rules."]
    standing = rules((), {})
    names: set[str] = set()
    for place, entry in enumerate(settings):
        where = f"MONITORING['{NAME}'][{place}]"
        if not isinstance(entry, Mapping):
            found.append(f"{where} must be a dict like {_RULE}.")
            continue
        found += [f"{where}[{field!r}] {text}." for field, text in problems(_over(entry, standing)).items()]
        name = str(entry.get("name"))
        if name in names:
            found.append(f"{where}['name'] must be unique; there is another rule {name!r}.")
        names.add(name)
    return found


def _over(entry: Mapping[str, Any], standing: Mapping[str, Desired]) -> dict[str, Any]:
    """Return what an entry says, over the builtin rule of its name if there is one."""
    known = standing.get(entry["name"]) if isinstance(entry.get("name"), str) else None
    if known is None or entry.get("kind", known.values["kind"]) != known.values["kind"]:
        return dict(entry)
    params = entry.get("params")
    merged = {**known.values["params"], **params} if isinstance(params, Mapping) else params
    return {**known.values, **entry, **({"params": merged} if "params" in entry else {})}
