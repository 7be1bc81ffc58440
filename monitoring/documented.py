"""Reading the documented settings that stand by themselves, outside of `MONITORING`: each has a form to fit.

They come from the Django settings where there are any, else from the environment variables of the same names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Forms = Mapping[str, tuple[Callable[[Any], bool], str]]
"""What each setting must be, and how it is said, by its name in lower case."""


def accepted(forms: Forms, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the well-formed ones of some settings, by their names in lower case.

    Args:
        forms: What they must be.
        values: Settings by their names; others among them are passed over.
    """
    found: dict[str, Any] = {}
    for name, (fits, _) in forms.items():
        value = values.get(name.upper())
        if value is not None and fits(value):
            found[name] = value
    return found


def problems(forms: Forms, values: Mapping[str, Any]) -> list[str]:
    """Say, one line each, which settings are wrong and which form is accepted."""
    return [
        f"{name.upper()} {form}."
        for name, (fits, form) in forms.items()
        if name.upper() in values and not fits(values[name.upper()])
    ]


def given(names: Iterable[str]) -> dict[str, Any]:
    """Return those of some settings that are there, by their names."""
    wanted = tuple(names)
    try:
        from django.conf import settings

        return {name: getattr(settings, name) for name in wanted if hasattr(settings, name)}
    except Exception:  # no Django, or none that is configured
        return {name: _read(os.environ[name]) for name in wanted if os.environ.get(name)}


def _read(text: str) -> Any:
    """Read a number or a truth value as such."""
    try:
        return json.loads(text.lower() if text.lower() in ("true", "false") else text)
    except ValueError:
        return text
