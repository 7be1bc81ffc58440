"""`AIErrorRecoveryMiddleware`: every exception that no view handles is answered with what becomes of it.

It does nothing at all for a request that succeeds, and does not wait for recovery: each of many requests that fail at
once would hold a thread. Put it below `MonitoringMiddleware`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import asking, transactions
from .caught import BROKEN, catch, is_failure

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


class AIErrorRecoveryMiddleware:
    """Records what a view raised, asks for its recovery, and answers in the documented format.

    What Django answers with a status below 500, such as `Http404`, is left to Django; so is all that fails in a
    transaction that a middleware has begun, which would be committed with an answer that says nothing of a failure.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction  # which only Django projects have

        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what a view raised. Django calls it on a thread, also where the views are async."""
        if not is_failure(exception):
            return None
        from .answer import answer

        inside = transactions.inside()
        caught = catch(exception, request, BROKEN if inside else 0)
        recovery = asking.recover(caught, asking.MIDDLEWARE, waits=False)
        return None if inside else answer(request, caught, recovery)
