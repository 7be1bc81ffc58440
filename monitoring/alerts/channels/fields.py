"""What the settings of a channel have to be, for the forms that several kinds have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .base import Field

_MAX_TEXT, _MAX_MANY = 2_000, 50


def problems(
    fields: Sequence[Field], settings: Mapping[str, Any], forms: Mapping[str, tuple[Callable[[Any], bool], str]]
) -> list[str]:
    """Say, one line each, what is wrong with settings; never what they are, which may be secret.

    Args:
        fields: Those of the kind.
        settings: What was given.
        forms: By field: whether one value has the right form, and how that is said.
    """
    known = {field.name: field for field in fields}
    found = [
        f"{name[:40]!r} is no setting of this kind of channel." for name in map(str, settings) if name not in known
    ]
    for name, field in known.items():
        value = settings.get(name)
        if value in (None, "", []):
            if field.required:
                found.append(f"{name!r} is missing.")
            continue
        if not _has_shape(field, value):
            found.append(f"{name!r} must be {'a list of texts' if field.many else 'a text'} of bounded length.")
            continue
        fits, form = forms[name]
        if not all(fits(one) for one in (value if field.many else [value])):
            found.append(f"{name!r} {form}.")
    return found


def _has_shape(field: Field, value: Any) -> bool:
    if not field.many:
        return isinstance(value, str) and len(value) <= _MAX_TEXT
    return (
        isinstance(value, list | tuple)
        and len(value) <= _MAX_MANY
        and all(isinstance(one, str) and len(one) <= _MAX_TEXT for one in value)
    )
