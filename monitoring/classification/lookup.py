"""Look an error up in the tables: by the names of its class and its bases, or by its HTTP status alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from monitoring.conf import get_config

from .kinds import RECOVERY, RECOVERY_BY_SEVERITY, Classification, ErrorType
from .responses import of_response
from .severity import ErrorSeverity
from .tables import MODULES, NAMES, TABLE
from .traits import Traits, rows

_MAX_BASES, _MAX_KNOWN = 50, 4_096
_UNHANDLED = 500
_DJANGO_WRAPPERS = "django.db.utils"


def classify(
    mro: Sequence[str],
    status: int = 0,
    module: str = "",
    environment: str = "production",
    error_type: str = "",
) -> Classification:
    """Return what is known of an error.

    Args:
        mro: Qualified names of the exception's class and its bases, the most derived first, builtins bare
            (`ValueError`); empty for a response without an exception, and for a log line.
        status: HTTP status of the answer; 500 for what ended a task or a process; 0 where nothing ended of it, or
            where it is not known. From 500 on, a class of which no row says how bad it is, is high, else low. Besides,
            it says what an exception is that is an answer in itself.
        module: Module in which the exception was raised. It tells whose trouble a builtin exception is.
        environment: `production`, `staging` or `development`; shifts the severity.
        error_type: Of a response without an exception: `csrf`, or empty for the status itself.
    """
    if not mro:
        found = replace(of_response(status, error_type), status=status)
        return _complete(found, error_type or str(status or ""), status, environment)
    return _known(tuple(mro[:_MAX_BASES]), status, module, environment)


def classify_exception(exception: BaseException, status: int = 0, environment: str | None = None) -> Classification:
    """Return what is known of an exception in this process.

    Args:
        exception: As raised. One of Django's database errors counts as the driver's, which says more.
        status: HTTP status of the answer; 0 for the one that the exception itself asks for, if it does.
        environment: That of this process, unless given.
    """
    where = get_config().environment if environment is None else environment
    asked = getattr(exception, "status_code", 0)
    answered = status or (asked if type(asked) is int else 0)
    return classify(names_of(exception), answered, module_of(exception), where)


def retryable(exception: BaseException) -> bool:
    """Return whether the call that raised this may succeed later without anything being changed.

    For tasks: `if retryable(error): raise self.retry(exc=error)`. What another service answered counts, too: a request
    that it refused, it will refuse again.
    """
    answered = _answered(exception)
    refused = 400 <= answered < 500 and not of_response(answered).retryable
    return not refused and classify_exception(exception).retryable


def _answered(exception: BaseException) -> int:
    """Return the status another service answered with, as clients of HTTP keep it on their exceptions, or 0."""
    found = getattr(getattr(exception, "response", None), "status_code", None)
    return found if type(found) is int else 0


def names_of(exception: BaseException) -> tuple[str, ...]:
    """Return the names of an exception's classes as `classify` takes them."""
    names = _names(type(exception))
    cause = exception.__cause__
    if cause is not None and type(exception).__module__ == _DJANGO_WRAPPERS:
        return (*_names(type(cause)), *names)
    return names


def module_of(exception: BaseException) -> str:
    """Return the module whose code raised an exception, or an empty string if it was not raised."""
    step = exception.__traceback__
    if step is None:
        return ""
    while step.tb_next is not None:
        step = step.tb_next
    return str(step.tb_frame.f_globals.get("__name__", ""))


def _names(kind: type[BaseException]) -> tuple[str, ...]:
    return tuple(
        base.__qualname__ if base.__module__ == "builtins" else f"{base.__module__}.{base.__qualname__}"
        for base in kind.__mro__[:-1]
    )


@lru_cache(maxsize=_MAX_KNOWN)
def _known(mro: tuple[str, ...], status: int, module: str, environment: str) -> Classification:
    found = Traits()
    for row in _rows(mro, module):
        found = found.over(row)
        if row.follows_status and (answered := found.status or status):
            found = found.over(replace(of_response(answered), status=answered))
    return _complete(found, mro[0].rpartition(".")[2], status, environment)


def _rows(mro: tuple[str, ...], module: str) -> Iterator[Traits]:
    """Yield the rows that speak of a class, the most specific first."""
    overrides, placed = _overrides(), False
    for name in mro:
        if name in overrides:
            yield overrides[name]
        if "." not in name and not placed:  # from here on the class says less than the place does
            placed = True
            yield from _of_module(module)
        row = TABLE.get(name) or NAMES.get(name.rpartition(".")[2])
        if row is not None:
            yield row


def _of_module(module: str) -> Iterator[Traits]:
    while module:
        if module in MODULES:
            yield MODULES[module]
            return
        module = module.rpartition(".")[0]


def _complete(found: Traits, name: str, status: int, environment: str) -> Classification:
    """Fill in what no row says.

    Args:
        found: What the rows say together.
        name: The error's type where they give none.
        status: The status it was answered with, or 0.
        environment: Shifts the severity, but not what follows from it.
    """
    severity = found.severity or (ErrorSeverity.HIGH if status >= _UNHANDLED else ErrorSeverity.LOW)
    error_type = found.error_type or name
    own_status = _UNHANDLED if found.status is None else found.status
    return Classification(
        error_type=error_type,
        kind=found.kind or ErrorType.INTERNAL_ERROR,
        severity=severity.within(environment),
        status=own_status,
        answer_status=severity.answer_status if own_status == _UNHANDLED else own_status,
        retryable=bool(found.retryable),
        recovery=found.recovery or RECOVERY.get(error_type) or RECOVERY_BY_SEVERITY[severity],
    )


@lru_cache(maxsize=1)
def _overrides() -> dict[str, Traits]:
    """Return the setting's rows; one that names a documented type is like that type in what it leaves out."""
    given = rows(get_config().error_classes)[0]
    return {name: row.over(NAMES.get(row.error_type or "", Traits())) for name, row in given.items()}


def forget() -> None:
    """Forget what was looked up, when the setting has changed."""
    _overrides.cache_clear()
    _known.cache_clear()
