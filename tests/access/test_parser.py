"""Whatever is posted as JSON, the answer is a problem and never a fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.views import ApiView
from monitoring.answers.problem import MEDIA_TYPE


class EchoView(ApiView):
    authentication_classes = []
    permission_classes = []

    def post(self, request: Request) -> Response:
        return Response({"said": request.data})


def post(body: bytes, content_type: str = "application/json") -> Any:
    response = EchoView.as_view()(RequestFactory().post("/", body, content_type=content_type))
    response.render()
    return response


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"\xff",
        b"NaN",
        b"9" * 5_000,
        b"{",
        b"'a'",
        b'"\\ud800"',
    ],
)
def test_what_cannot_be_read_is_a_bad_request(body: bytes) -> None:
    response = post(body)
    assert (response.status_code, response["Content-Type"]) == (400, MEDIA_TYPE)
    assert json.loads(response.content)["detail"].startswith("JSON parse error - ")


def test_what_can_be_read_is_taken() -> None:
    assert json.loads(post('{"é": [1]}'.encode()).content) == {"said": {"é": [1]}}
