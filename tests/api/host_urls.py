"""URLs of that project: ours, and a view that drf-spectacular cannot describe."""

from typing import Any

from django.contrib import admin
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView


class Own(APIView):
    def get(self, request: Any) -> Response:
        return Response({})


def never(error: Exception, context: Any) -> Response:
    raise AssertionError("the project's own handler is not for our views")


urlpatterns = [path("own/", Own.as_view()), path("admin/", admin.site.urls), path("", include("monitoring.urls"))]
