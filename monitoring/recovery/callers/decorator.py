"""`ai_error_handler`: a view whose failures are recovered, sync or async."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from . import asking, endpoints, retries, transactions
from .caught import BROKEN, Caught, catch, is_failure
from .member import Member

View = TypeVar("View", bound=Callable[..., Any])
# As asgiref does it, which only Django projects have: before Python 3.12 there is no mark but asyncio's own.
_is_async = inspect.iscoroutinefunction if hasattr(inspect, "markcoroutinefunction") else asyncio.iscoroutinefunction


def ai_error_handler(view: View) -> View:
    """Recover what a view raises, and answer with what became of it.

    A GET, HEAD or OPTIONS is tried again first, if the exception is of a kind that passes. Then recovery is asked for,
    and waited for as long as `ERROR_RECOVERY_TIMEOUT` says. What is answered with a status below 500, such as
    `Http404`, is raised on. Inside of a transaction, that of `ATOMIC_REQUESTS` or another, everything is raised on so
    that it is rolled back: recovery is asked for, and neither waited for nor is the view tried again.

    Args:
        view: A function or a method, sync or async. A view of Django takes the request as its first argument, or its
            second after `self`; an endpoint of FastAPI or Starlette need not. What other functions raise is raised
            on once recovery was asked for.
    """
    if _is_async(view):

        @functools.wraps(view)
        async def handled_async(*arguments: Any, **named: Any) -> Any:
            try:
                return await view(*arguments, **named)
            except Exception as exception:
                if not is_failure(exception):
                    raise
                return await _answered_async(
                    exception, _request_of(handled_async, arguments), lambda: view(*arguments, **named)
                )

        return cast("View", handled_async)

    @functools.wraps(view)
    def handled(*arguments: Any, **named: Any) -> Any:
        try:
            return view(*arguments, **named)
        except Exception as exception:
            if not is_failure(exception):
                raise
            return _answered(exception, _request_of(handled, arguments), lambda: view(*arguments, **named))

    return cast("View", handled)


def _answered(exception: Exception, request: Any, call: Callable[[], Any]) -> Any:
    """Return what a call is answered with that has failed.

    Raises:
        Exception: The one it failed with, if there is no request to answer, or a transaction to roll back.
    """
    inside = transactions.inside()
    caught = catch(exception, request, BROKEN if inside else 0)
    if inside:
        asking.recover(caught, asking.DECORATOR, waits=False)
        raise exception
    if retries.may_retry(caught, request) and (response := retries.again(caught, call)) is not None:
        return response
    recovery = asking.recover(caught, asking.DECORATOR)
    if (answer := _answer(request, caught, recovery)) is None:
        raise exception
    return answer


async def _answered_async(exception: Exception, request: Any, call: Callable[[], Awaitable[Any]]) -> Any:
    """Return what an async call is answered with that has failed.

    Raises:
        Exception: The one it failed with, if there is no request to answer, or a transaction to roll back.
    """
    inside = await transactions.inside_async()
    caught = catch(exception, request, BROKEN if inside else 0)
    if inside:
        asking.recover(caught, asking.DECORATOR, waits=False)
        raise exception
    if retries.may_retry(caught, request) and (response := await retries.again_async(caught, call)) is not None:
        return response
    recovery = await asyncio.to_thread(asking.recover, caught, asking.DECORATOR)
    if (answer := _answer(request, caught, recovery)) is None:
        raise exception
    return answer


def _answer(request: Any, caught: Caught, recovery: Member) -> Any:
    """Return what a request is answered with; None where there is none, or the exception has to go on."""
    if request is None:
        return None
    if endpoints.is_asgi(request):
        return endpoints.answer(request, caught, recovery)
    from .answer import answer  # needs the settings of a Django project, which views alone are sure to have

    return answer(request, caught, recovery)


def _request_of(handled: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Return Django's request among the arguments of a view, or the one that an endpoint answers; None for others."""
    found = next((one for one in arguments[:2] if hasattr(one, "META") and hasattr(one, "method")), None)
    return getattr(found, "_request", found) if found is not None else endpoints.request_of(handled)
