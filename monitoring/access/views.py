"""What all API views of the platform have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import SessionAuthentication
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from . import openapi, problems
from .authentication import BearerTokenAuthentication
from .permissions import IsAdmin

__all__ = ["ApiView", "openapi"]


class ApiView(APIView):
    """A view for staff members, by token or by session.

    Names every policy itself, so that it is the same in any project, whatever DRF's settings are there.
    """

    authentication_classes = [BearerTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAdmin]
    throttle_classes = []
    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class: type[BaseContentNegotiation] = DefaultContentNegotiation
    versioning_class = None
    schema = AutoSchema()

    def get_exception_handler(self) -> Callable[..., Any]:
        """Answer errors in our format."""
        return problems.handle
