"""What belongs to no slice alone, over HTTP: liveness, the dashboard document, the API's description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from monitoring import __version__
from monitoring.access.negotiation import AnyClient
from monitoring.access.openapi import describe
from monitoring.access.probes import wait
from monitoring.access.problems import refusals
from monitoring.access.views import ApiView
from monitoring.conf import get_config
from monitoring.errors.log import recent
from monitoring.errors.log.serializers import RecentErrorSerializer
from monitoring.health.api import HealthField
from monitoring.health.board import board
from monitoring.health.report import detailed
from monitoring.intake.api import TallySerializer
from monitoring.intake.tally import tally
from monitoring.metrics import reader
from monitoring.metrics.api import SnapshotField
from monitoring.performance import stats
from monitoring.performance.api import StatisticsSerializer

TITLE = "Enginel"
_RECENT_ERRORS = 20
DESCRIPTION = "Background monitoring for Django and Celery."


class HealthSerializer(serializers.Serializer[Any]):
    """The process answers."""

    status = serializers.CharField(help_text="Always `ok`: a process that is not does not answer.")
    service = serializers.CharField()


class HealthView(ApiView):
    """Liveness of this process alone: no I/O, no query, no session, no token."""

    authentication_classes = []
    permission_classes = []
    content_negotiation_class = AnyClient

    @describe(operation_id="health", responses=HealthSerializer)
    def get(self, _request: Request) -> Response:
        """Answer that the process is alive."""
        return Response({"status": "ok", "service": get_config().service})


class DashboardSerializer(serializers.Serializer[Any]):
    """How everything is and what happened lately, in one document."""

    health = HealthField()
    recent_errors = RecentErrorSerializer(many=True, help_text="The latest of the last hour, 20 at most.")
    performance = serializers.DictField(
        child=StatisticsSerializer(), help_text="Operations of the last hour with the greatest total duration, by name."
    )
    metrics = SnapshotField()
    intake = TallySerializer()


class DashboardView(ApiView):
    """The live view of everything."""

    @describe(operation_id="dashboard", responses={200: DashboardSerializer, **refusals()})
    def get(self, request: Request) -> Response:
        """Return how everything is and what happened lately."""
        wait(request, board.pending)
        operations = stats.slowest_total("operation")
        document = {
            "health": detailed(board.parts()),
            "recent_errors": recent.recent(_RECENT_ERRORS),
            "performance": operations,
            "metrics": reader.snapshot(),
            "intake": tally(),
        }
        return Response(document)


class NowhereView(ApiView):
    """What is asked for below our address and does not exist."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Let in whom the other addresses let in, and tell them.

        Raises:
            NotFound: Always.
        """
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")


class Describable(SchemaGenerator):
    """Describes the views of a project that drf-spectacular can describe; in a host project not all may be."""

    def _get_paths_and_endpoints(self) -> list[tuple[str, str, str, Any]]:
        found = super()._get_paths_and_endpoints()  # type: ignore[no-untyped-call]
        return [endpoint for endpoint in found if isinstance(endpoint[3].schema, AutoSchema)]

    def get_schema(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Describe them under our own name: a project that describes no API of its own has none to give."""
        described: dict[str, Any] = super().get_schema(*args, **kwargs)  # type: ignore[no-untyped-call]
        return described | {"info": {"title": TITLE, "version": __version__, "description": DESCRIPTION}}


class SchemaView(ApiView, SpectacularAPIView):
    """The API's description as OpenAPI 3."""

    schema = None
    renderer_classes = [OpenApiJsonRenderer, OpenApiJsonRenderer2]
    generator_class = Describable
    serve_public = True


class DocsView(ApiView, SpectacularSwaggerSplitView):
    """The API's description as a page to try it out. All it needs is served by this project."""

    schema = None
    renderer_classes = [TemplateHTMLRenderer]
    template_name = "monitoring/docs.html"
    url_name = "monitoring:schema"
    title = TITLE

    def handle_exception(self, error: Exception) -> Any:
        """Send a person who is not signed in to the admin's login, where there is one; all others get the error."""
        login = _login_for(self.request) if isinstance(error, NotAuthenticated) else None
        return HttpResponseRedirect(login) if login else super().handle_exception(error)

    def get_exception_handler(self) -> Callable[..., Any]:
        """Answer errors as a page."""
        return exception_handler


def _login_for(request: Request) -> str | None:
    """Return where a browser signs in; None for other clients, and in a project without the admin."""
    if "text/html" not in request.headers.get("Accept", ""):
        return None
    try:
        login = reverse("admin:login")
    except NoReverseMatch:
        return None
    return f"{login}?{urlencode({'next': request.get_full_path()})}"
