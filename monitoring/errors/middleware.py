"""`ErrorCaptureMiddleware`, for projects that want errors captured and nothing else.

`monitoring.recording.middleware.MonitoringMiddleware` captures them too; below it, this one leaves them to it.
"""

from __future__ import annotations

from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponseBase

from monitoring.recording import errors

from .capture_service import ErrorCaptureService

_FAILED = 400


class ErrorCaptureMiddleware:
    """Captures responses of 4xx and 5xx, and the exceptions that they come of."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response
        self.service = ErrorCaptureService()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Answer the request, and capture the answer if it is an error."""
        if self._async:
            return self._answer(request)
        with self.service.running(request):
            response = self.get_response(request)
        return self._captured(request, response)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        with self.service.running(request):
            response: HttpResponseBase = await self.get_response(request)
        return self._captured(request, response)

    def process_exception(self, _request: HttpRequest, exception: Exception) -> None:
        """Take note of what a view raised; it is captured with the answer that Django makes of it."""
        errors.note(exception)

    def _captured(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code >= _FAILED:
            self.service.capture_error(request, response)
        return response
