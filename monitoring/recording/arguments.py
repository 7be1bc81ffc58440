"""The arguments of a task as people may see them: by the names that the task gives them, which tell secrets apart."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from . import scrub

_UNNAMED = "*"
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def shown(
    function: Callable[..., Any] | None, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return arguments as plain JSON, scrubbed by their names.

    Args:
        function: What is called with them; None where nobody knows, then positional ones are filtered.
        args: The positional ones.
        kwargs: The others.

    Returns:
        The values by name; those beyond the named positions under the name of the parameter that takes them, `*` first.
    """
    given = list(args or ())
    if function is None:
        return {**({_UNNAMED: scrub.FILTERED} if given else {}), **scrub.mapping(kwargs or {})}
    names, rest = _names(function)
    others = given[len(names) :]
    named = dict(zip(names, given, strict=False))
    return scrub.mapping({**named, **({rest: others} if others else {}), **(kwargs or {})})


@lru_cache(maxsize=1_000)
def _names(function: Callable[..., Any]) -> tuple[tuple[str, ...], str]:
    """Return the names of a function's positional parameters, and that of the one that takes the others."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return (), _UNNAMED
    rest = [parameter.name for parameter in parameters if parameter.kind is inspect.Parameter.VAR_POSITIONAL]
    return tuple(one.name for one in parameters if one.kind in _POSITIONAL), "".join([_UNNAMED, *rest])
