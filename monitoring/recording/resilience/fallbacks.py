"""Alternatives to what may fail: `fallback("prices", ask_shop, ask_cache)`, and whether one is in force from the start.

In degraded mode, which recovery decides upon, the alternative is called at once; else what it stands in for comes
first, and the alternative when that raises.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from monitoring.recording import errors
from monitoring.recording.effects import effects
from monitoring.recording.events import Counter
from monitoring.recording.recorder import recorder

from .circuits import CircuitOpenError
from .marks import mark
from .options import MAX_NAME

KIND = "degraded"
"""Kind of the effects that put a fallback in force."""
USED = "fallback_used_total"
"""Calls that an alternative answered as what it stands in for failed."""
DEGRADED = "fallback_degraded_total"
"""Calls that an alternative answered at once, in degraded mode."""
_MOST_NAMES = 200

P = ParamSpec("P")
R = TypeVar("R")

_known: set[str] = set()


def is_degraded(name: str) -> bool:
    """Whether recovery has put the alternative of a name in force: a look-up in this process's memory."""
    return effects.standing(KIND, name) is not None


@overload
def fallback(
    name: str, primary: Callable[[], Awaitable[R]], *alternatives: Callable[[], Awaitable[R]]
) -> Awaitable[R]: ...


@overload
def fallback(name: str, primary: Callable[[], R], *alternatives: Callable[[], R]) -> R: ...


def fallback(name: str, primary: Callable[[], Any], *alternatives: Callable[[], Any]) -> Any:
    """Call what may fail, or what stands in for it.

    Args:
        name: Of what may fail, such as `prices`.
        primary: Called without arguments; a coroutine function makes this one return a coroutine.
        *alternatives: Called one after the other until one does not raise. At least one.

    Returns:
        What the first one returns that does not raise.

    Raises:
        ValueError: There is no alternative, or a name that cannot be.
        Exception: What the primary raised, where every alternative raised too; in degraded mode, the first one did.
    """
    _register(name, alternatives)
    if inspect.iscoroutinefunction(primary):
        return _await_first(name, [primary, *alternatives])
    return _call_first(name, [primary, *alternatives])


def with_fallback(name: str, *alternatives: Callable[P, Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have others stand in for a function, sync or async; they get its arguments.

    Args:
        name: Of what may fail.
        *alternatives: See `fallback`.
    """
    _register(name, alternatives)

    def decorate(function: Callable[P, Any]) -> Callable[P, Any]:
        everybody = [function, *alternatives]

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> Any:
            return _call_first(name, [_bound(one, args, kwargs) for one in everybody])

        @wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            return await _await_first(name, [_bound(one, args, kwargs) for one in everybody])

        return awaited if inspect.iscoroutinefunction(function) else called

    return decorate


def _bound(function: Callable[..., Any], args: Any, kwargs: Any) -> Callable[[], Any]:
    return lambda: function(*args, **kwargs)


def _call_first(name: str, everybody: list[Callable[[], Any]]) -> Any:
    first: Exception | None = None
    for place, one in enumerate(_in_turn(name, everybody)):
        try:
            found = one()
        except Exception as error:  # whatever it is, another one may do
            first = _noted(name, error, first)
        else:
            _count(USED if place else "")
            return found
    raise _given_up(first)


async def _await_first(name: str, everybody: list[Callable[[], Any]]) -> Any:
    first: Exception | None = None
    for place, one in enumerate(_in_turn(name, everybody)):
        try:
            found = one()
            if inspect.isawaitable(found):
                found = await found
        except Exception as error:  # whatever it is, another one may do
            first = _noted(name, error, first)
        else:
            _count(USED if place else "")
            return found
    raise _given_up(first)


def _in_turn(name: str, everybody: list[Callable[[], Any]]) -> list[Callable[[], Any]]:
    """Return who is called, one after the other."""
    if not is_degraded(name):
        return everybody
    _count(DEGRADED)
    return everybody[1:]


def _noted(name: str, error: Exception, first: Exception | None) -> Exception:
    """Record an error that is caught, and return the first one; that a circuit is open is no error."""
    mark(error, name)
    if not isinstance(error, CircuitOpenError):
        errors.report(error, context={"fallback": name})
    return first or error


def _given_up(first: Exception | None) -> Exception:
    return first if first is not None else ValueError("There is nobody to call.")


def _count(counter: str) -> None:
    if counter:
        recorder.record(Counter(time.time_ns(), counter, 1.0))


def _register(name: str, alternatives: tuple[Callable[..., Any], ...]) -> None:
    if name in _known and alternatives:
        return
    if not alternatives or not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
        raise ValueError(f"A fallback has a name of 1 to {MAX_NAME} characters, and at least one alternative.")
    if len(_known) < _MOST_NAMES:
        _known.add(name)


def _apply(name: str, value: Any) -> str | None:
    """Accept that an alternative is in force, if there is one here; `is_degraded` reads it."""
    return None if value is None or name in _known else "No alternative of this name is registered here."


def forget() -> None:
    """Know of none: between tests."""
    _known.clear()


effects.register(KIND, _apply)
effects.offer("fallbacks", lambda: sorted(_known) or None)
