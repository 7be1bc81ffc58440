"""The endpoint that Prometheus scrapes."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import APIException
from rest_framework.request import Request

from monitoring.access.authentication import BearerTokenAuthentication
from monitoring.access.negotiation import AnyClient
from monitoring.access.scraping import MayScrape, ScrapeTokenAuthentication
from monitoring.access.views import ApiView
from monitoring.conf import get_config

from . import formats
from .cache import Answers, BusyError
from .collect import collect

answers = Answers(lambda: collect(get_config()))


class UnreadableError(APIException):
    """The database cannot be read just now."""

    status_code = 503
    default_detail = "The metrics cannot be read now."


class MetricsView(ApiView):
    """All metrics, in Prometheus' text format or, for who asks for it, in OpenMetrics."""

    schema = None  # an API of its own kind, described by its formats
    authentication_classes = [ScrapeTokenAuthentication, BearerTokenAuthentication]
    permission_classes = [MayScrape]
    content_negotiation_class = AnyClient

    def get(self, request: Request) -> HttpResponse:
        """Return what is counted since ever, and what is true now."""
        form, compressed = formats.wanted(request._request), formats.takes_gzip(request._request)
        try:
            lifetime = get_config().metrics_cache_seconds
            text = answers.text(form, compressed=compressed, lifetime=lifetime)
        except (BusyError, OperationalError, InterfaceError, ProgrammingError) as error:
            raise UnreadableError from error
        response = HttpResponse(text, content_type=form.content_type)
        if compressed:
            response["Content-Encoding"] = "gzip"
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ("Accept", "Accept-Encoding"))
        return response
