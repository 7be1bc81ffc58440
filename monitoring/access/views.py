"""What all API views of the platform have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from . import problems
from .authentication import BearerTokenAuthentication
from .parser import BoundedJSONParser
from .permissions import IsAdmin


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class ApiView(APIView):
    """A view for staff members, by token or by session.

    Names every policy itself, so that it is the same in any project, whatever DRF's settings are there. No view is
    wrapped in a transaction: liveness must not open one, and a replay commits by itself.
    """

    authentication_classes = [BearerTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAdmin]
    throttle_classes = []
    parser_classes = [BoundedJSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class: type[BaseContentNegotiation] = DefaultContentNegotiation
    versioning_class = None
    schema: Any = AutoSchema()

    def get_exception_handler(self) -> Callable[..., Any]:
        """Answer errors in our format."""
        return problems.handle
