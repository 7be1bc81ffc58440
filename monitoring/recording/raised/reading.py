"""What an exception says of itself. It may be anybody's, and do anything when asked: that costs what it was asked for.

What a signal handler raises meanwhile, such as Celery's soft time limit, is not the exception's doing, and goes on to
the code that it is meant for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

_FROM_SIGNALS = frozenset({"SoftTimeLimitExceeded"})
_MAX_MESSAGE, _MAX_EXPLICIT, _MAX_PART, _MAX_SERVICE = 2_000, 10, 200, 200
_MAX_DEPTH, _MAX_PARTS = 4, 20
EXPLICIT = "enginel_fingerprint"
"""Attribute of an exception that says what it is grouped by."""
SERVICE = "enginel_service"
"""Attribute of an exception that says which service it is of, where that is not the one it was raised in."""
DEPENDENCY = "enginel_dependency"
"""Attribute of an exception that says which circuit or fallback it was inside of when it was raised."""

Found = TypeVar("Found")


def ask(question: Callable[..., Found], *arguments: Any, otherwise: Found) -> Found:
    """Call code that is not ours, with `otherwise` for its answer if it raises."""
    try:
        return question(*arguments)
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
        return otherwise


def is_from_signal(error: BaseException) -> bool:
    """Whether a signal handler has raised it, for the code that is interrupted."""
    return type(error).__name__ in _FROM_SIGNALS


def message_of(exception: BaseException) -> str:
    """Return what an exception says, bounded."""
    try:
        detail = getattr(exception, "detail", None)
        if detail is not None and isinstance(detail, dict | list):  # REST framework's errors by field
            return "; ".join(islice(_sentences(detail), _MAX_PARTS))[:_MAX_MESSAGE]
        return str(exception)[:_MAX_MESSAGE]
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
        return "<unprintable>"


def _sentences(detail: Any, field: str = "", depth: int = 0) -> Iterator[str]:
    if depth < _MAX_DEPTH and isinstance(detail, dict):
        for key, part in islice(detail.items(), _MAX_PARTS):
            yield from _sentences(part, str(key), depth + 1)
    elif depth < _MAX_DEPTH and isinstance(detail, list):
        for part in islice(detail, _MAX_PARTS):
            yield from _sentences(part, field, depth + 1)
    else:
        yield f"{field}: {detail}" if field else str(detail)


def before(exception: BaseException) -> tuple[Any, str]:
    """Return what an exception came of, and how: by `cause`, `context`, or as a member of its `group`."""
    try:
        found, link = exception.__cause__, "cause"
        if found is None and isinstance(exception, BaseExceptionGroup):
            found, link = exception.exceptions[0], "group"
        elif found is None and not exception.__suppress_context__:
            found, link = exception.__context__, "context"
        return (found, link) if isinstance(found, BaseException) else (None, "")
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
        return None, ""


def explicit_of(exception: BaseException) -> tuple[str, ...]:
    """Return what an exception says that it is grouped by."""
    try:
        given = getattr(exception, EXPLICIT, None)
        if given is None:
            return ()
        parts = (given,) if isinstance(given, str) else tuple(given)
        return tuple(str(part)[:_MAX_PART] for part in parts[:_MAX_EXPLICIT])
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
        return ()


def service_of(exception: BaseException) -> str:
    """Return the service that an exception says it is of; empty for the one it was raised in."""
    try:
        given = getattr(exception, SERVICE, None)
        return str(given)[:_MAX_SERVICE] if given else ""
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
        return ""


def dependency_of(exception: BaseException) -> str:
    """Return which dependency an exception, or one that it came of, was inside of; empty for none."""
    try:
        found: Any = exception
        for _ in range(_MAX_DEPTH + 1):
            if found is None:
                break
            given = getattr(found, DEPENDENCY, None)
            if given:
                return str(given)[:_MAX_PART]
            found, _ = before(found)
    except (Exception, SystemExit) as error:
        if is_from_signal(error):
            raise
    return ""
