"""Which values a kind's parameters accept, how they are read, and how that is said to people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar

from .rule import Params

MAX_PATTERNS, MAX_PATTERN = 50, 200
DAY = 24 * 3600
P = TypeVar("P", bound=Params)


@dataclass(frozen=True)
class Form:
    """What a value must be.

    Attributes:
        says: Completes "It must be …".
        read: Returns the value as the parameter has it.

    Raises (from `read`):
        ValueError: The value has another form.
    """

    says: str
    read: Callable[[Any], Any]


def _require(condition: bool) -> None:
    if not condition:
        raise ValueError


def whole(least: int, most: int) -> Form:
    """Return the form of whole numbers within bounds."""

    def read(value: Any) -> int:
        _require(isinstance(value, int) and not isinstance(value, bool) and least <= value <= most)
        return int(value)

    return Form(f"a whole number from {least} to {most}", read)


def seconds(least: int = 60, most: int = DAY) -> Form:
    """Return the form of windows."""
    return Form(f"a whole number of seconds from {least} to {most}", whole(least, most).read)


def number(above: float | None = None, most: float | None = None) -> Form:
    """Return the form of finite numbers, within bounds where there are any."""

    def read(value: Any) -> float:
        _require(isinstance(value, int | float) and not isinstance(value, bool))
        _require(abs(value) <= sys.float_info.max)  # neither infinite, nor no number, nor a whole one beyond all others
        _require(above is None or value > above)
        _require(most is None or value <= most)
        return float(value)

    lower = "" if above is None else f" above {above:g}"
    upper = "" if most is None else f" up to {most:g}"
    return Form(f"a number{lower}{' and' if lower and upper else ''}{upper}", read)


def ratio() -> Form:
    """Return the form of shares."""
    return Form("a number above 0 and up to 1", number(0, 1).read)


def choice(*options: str) -> Form:
    """Return the form of one of some texts."""

    def read(value: Any) -> str:
        _require(isinstance(value, str) and value in options)
        return str(value)

    return Form(f"one of {', '.join(options)}", read)


def choices(*options: str) -> Form:
    """Return the form of lists of some texts, none of which means all."""

    def read(value: Any) -> tuple[str, ...]:
        _require(isinstance(value, list | tuple) and all(isinstance(one, str) and one in options for one in value))
        return tuple(value)

    return Form(f"a list of any of {', '.join(options)}", read)


def patterns(least: int = 0) -> Form:
    """Return the form of lists of glob patterns."""

    def read(value: Any) -> tuple[str, ...]:
        _require(isinstance(value, list | tuple) and least <= len(value) <= MAX_PATTERNS)
        _require(all(isinstance(one, str) and 0 < len(one) <= MAX_PATTERN and one.isprintable() for one in value))
        return tuple(value)

    many = f"{least} to {MAX_PATTERNS}" if least else f"up to {MAX_PATTERNS}"
    return Form(f'a list of {many} patterns, like ["shop.*"], in which * and ? stand for anything', read)


def param(form: Form, says: str, default: Any = MISSING) -> Any:
    """Return the field of a parameter.

    Args:
        form: What it must be.
        says: What it means, in a sentence.
        default: What it is unless given; without one it must be given.
    """
    return field(default=default, metadata={"form": form, "says": says})


def read_params(kind: type[P], values: Mapping[str, Any]) -> tuple[P | None, dict[str, str]]:
    """Read the parameters of a kind.

    Returns:
        The parameters, None where something is wrong; and what is wrong, by parameter.
    """
    known = {one.name: one for one in fields(kind)}
    wrong = {
        str(name): f"is no parameter of this kind; it has {', '.join(known) or 'none'}"
        for name in values
        if name not in known
    }
    read: dict[str, Any] = {}
    for name, one in known.items():
        form: Form = one.metadata["form"]
        if name not in values:
            if one.default is MISSING:
                wrong[name] = f"is missing; it must be {form.says}"
            continue
        try:
            read[name] = form.read(values[name])
        except ValueError:
            wrong[name] = f"must be {form.says}"
    return (None, wrong) if wrong else (kind(**read), {})


def described(kind: type[Params]) -> Iterator[tuple[str, str, str, Any]]:
    """Yield of each parameter its name, its form, what it means, and its default (`MISSING` where it has none)."""
    one: Field[Any]
    for one in fields(kind):
        yield one.name, one.metadata["form"].says, one.metadata["says"], one.default
