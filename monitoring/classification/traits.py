"""One row of the tables: what a class adds to what its bases say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .kinds import STRATEGIES, ErrorType
from .severity import ErrorSeverity, severity_of


@dataclass(frozen=True, slots=True)
class Traits:
    """What a class of exceptions says of its instances; what it leaves out, the next class of the MRO says.

    Attributes:
        error_type: Documented name that it is an instance of.
        kind: What kind of trouble it is.
        severity: How bad it is in production.
        status: HTTP status that Django, REST framework or the setting give it.
        retryable: Whether the same call may succeed later.
        recovery: Strategies that may help, the best first.
        follows_status: It is an answer that the code chose: the answer's status says what the class leaves out.
    """

    error_type: str | None = None
    kind: ErrorType | None = None
    severity: ErrorSeverity | None = None
    status: int | None = None
    retryable: bool | None = None
    recovery: tuple[str, ...] | None = None
    follows_status: bool = False

    def over(self, other: Traits) -> Traits:
        """Return these traits, completed with those of a class that says less of the error."""
        missing = {key: getattr(other, key) for key in KEYS if getattr(self, key) is None}
        return replace(self, **missing)


KEYS = tuple(field.name for field in fields(Traits) if field.name != "follows_status")
"""What the setting may say of a class."""


def rows(setting: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Traits], list[str]]:
    """Return what the setting says, by class, and what is wrong with it, one line for each row that is left out."""
    good: dict[str, Traits] = {}
    wrong = []
    for name, given in setting.items():
        try:
            good[name] = _read(given)
        except ValueError as problem:
            wrong.append(f"MONITORING['ERROR_CLASSES'][{name!r}] {problem}.")
    return good, wrong


def _read(given: Mapping[str, Any]) -> Traits:
    unknown = set(given) - set(KEYS)
    if unknown:
        raise ValueError(f"has the key {min(map(repr, unknown))}, but may have only {', '.join(KEYS)}")
    return Traits(**{key: _READERS[key](value) for key, value in given.items()})


def _error_type(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value) <= 200:
        return value
    raise ValueError("needs a name of 1 to 200 characters as error_type")


def _kind(value: Any) -> ErrorType:
    try:
        return ErrorType(value)
    except ValueError:
        raise ValueError(f"needs one of {', '.join(ErrorType)} as kind") from None


def _severity(value: Any) -> ErrorSeverity:
    found = severity_of(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"needs one of {', '.join(ErrorSeverity)} as severity")
    return found


def _status(value: Any) -> int:
    if type(value) is int and 400 <= value <= 599:
        return value
    raise ValueError("needs an HTTP status from 400 to 599 as status")


def _retryable(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("needs true or false as retryable")


def _recovery(value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple) and all(isinstance(name, str) and name for name in value):
        return tuple(value)
    raise ValueError(f"needs a list of names like {', '.join(sorted(STRATEGIES))} as recovery")


_READERS: dict[str, Callable[[Any], Any]] = {
    "error_type": _error_type,
    "kind": _kind,
    "severity": _severity,
    "status": _status,
    "retryable": _retryable,
    "recovery": _recovery,
}
