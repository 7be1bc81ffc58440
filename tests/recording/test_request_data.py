"""What errors say of their requests: enough to find the cause, without secrets, and without touching the request."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpRequest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from monitoring.recording import scrub
from monitoring.recording.request_data import Captured, capture, describe, keep_parsed, path_of
from tests.properties import FEW

FILTERED = scrub.FILTERED


def described(request: Any, **chosen: bool) -> dict[str, Any]:
    return describe(capture(request, **chosen))


def test_a_request_is_described_by_what_it_asked_for() -> None:
    request = RequestFactory().get(
        "/api/designs/?page=2&tag=a&tag=b&token=planted",
        secure=True,
        HTTP_HOST="shop.example.com",
        HTTP_USER_AGENT="curl/8",
        HTTP_REFERER="https://bob:planted@example.com/start?page=1&session=planted#planted",
    )
    assert described(request) == {
        "method": "GET",
        "scheme": "https",
        "host": "shop.example.com",
        "path": "/api/designs/",
        "url": f"https://shop.example.com/api/designs/?page=2&tag=a&tag=b&token={FILTERED}",
        "query": {"page": "2", "tag": ["a", "b"], "token": FILTERED},
        "user_agent": "curl/8",
        "referer": f"https://{FILTERED}@example.com/start?page=1&session={FILTERED}",
    }


def test_kind_and_length_of_a_body_are_told_without_it() -> None:
    request = RequestFactory().post("/", {"password": "planted"}, content_type="application/json")
    told = described(request)
    assert (told["content_type"], told["content_length"]) == ("application/json", 23)
    assert "planted" not in json.dumps(told)


@pytest.mark.parametrize("name", ["key", "sig", "code", "api_key", "X-Amz-Signature", "p%61ssword"])
def test_parameters_that_are_secrets_in_addresses_are_filtered(name: str) -> None:
    told = described(RequestFactory().get(f"/?{name}=planted&n=1", HTTP_REFERER=f"https://example.com/?{name}=planted"))
    assert "planted" not in json.dumps(told)
    assert told["query"]["n"] == "1"


def test_parts_of_the_path_that_the_route_calls_secret_are_filtered() -> None:
    request = RequestFactory().get("/reset/5/planted/")
    request.resolver_match = SimpleNamespace(kwargs={"number": 5, "token": "planted"})  # type: ignore[assignment]
    told = described(request)
    assert told["path"] == path_of(request) == f"/reset/5/{FILTERED}/"
    assert told["url"] == f"http://testserver/reset/5/{FILTERED}/"
    request.resolver_match = SimpleNamespace(kwargs={"session": UUID(int=5)})  # type: ignore[assignment]
    request.path = f"/of/{UUID(int=5)}/"
    assert path_of(request) == f"/of/{FILTERED}/"


def test_headers_are_told_only_when_asked_for_and_without_secrets_and_addresses() -> None:
    request = RequestFactory().get(
        "/",
        HTTP_AUTHORIZATION="Bearer planted",
        HTTP_PROXY_AUTHORIZATION="Basic planted",
        HTTP_COOKIE="planted=planted",
        HTTP_X_API_KEY="planted",
        HTTP_X_FORWARDED_FOR="203.0.113.5",
        HTTP_FORWARDED="for=203.0.113.5",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_CALLBACK="https://bob:planted@example.com/?token=planted",
        HTTP_ACCEPT="text/html",
    )
    assert "headers" not in described(request)
    told = described(request, headers=True)
    assert "planted" not in json.dumps(told)
    assert "203.0.113.5" not in json.dumps(told)
    assert told["headers"]["Accept"] == "text/html"
    assert told["headers"]["X-Forwarded-Proto"] == "https"
    assert told["headers"]["X-Callback"] == f"https://{FILTERED}@example.com/?token={FILTERED}"
    assert told["headers"]["Authorization"] == told["headers"]["Cookie"] == told["headers"]["X-Api-Key"] == FILTERED


@pytest.mark.parametrize("kind", ["multipart", "urlencoded", "json"])
def test_a_body_is_told_by_its_fields_once_the_view_has_read_it(kind: str) -> None:
    fields = {"name": "bolt", "password": "planted"}
    request = {
        "multipart": lambda: RequestFactory().post("/", fields),
        "urlencoded": lambda: RequestFactory().post(
            "/", "name=bolt&password=planted", content_type="application/x-www-form-urlencoded"
        ),
        "json": lambda: RequestFactory().post("/", fields, content_type="application/json"),
    }[kind]()
    assert "body" not in described(request, body=True)
    assert "_body" not in vars(request)
    _ = request.POST if kind == "multipart" else request.body
    assert "body" not in described(request)
    assert described(request, body=True)["body"] == {"name": "bolt", "password": FILTERED}


def test_a_body_that_rest_framework_parsed_is_told_by_its_fields() -> None:
    inner = RequestFactory().post("/", {"name": "bolt", "password": "planted"}, content_type="application/json")
    request = Request(inner, parsers=[JSONParser()])
    keep_parsed(request)
    assert "body" not in described(inner, body=True)
    assert request.data["name"] == "bolt"
    keep_parsed(request)
    assert "body" not in described(inner)
    assert described(inner, body=True)["body"] == {"name": "bolt", "password": FILTERED}


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"planted", "text/plain; charset=utf-8", "<7 bytes of text/plain>"),
        (b'{"planted', "application/json", "<9 bytes of application/json>"),
        (b"[" * 9_000, "application/json", "<9000 bytes of application/json>"),
        (b'{"a": "' + b"x" * 20_000 + b'"}', "application/json", "<20009 bytes of application/json>"),
        (b"planted", "", "<7 bytes of unknown type>"),
        (b'[{"token": "planted"}, 5]', "application/problem+json", [{"token": FILTERED}, 5]),
    ],
)
def test_a_body_without_fields_is_told_by_its_length_and_kind(body: bytes, kind: str, told: Any) -> None:
    request = RequestFactory().post("/", body, content_type=kind)
    assert request.body
    assert described(request, body=True)["body"] == told


def test_a_long_body_is_told_by_its_beginning() -> None:
    request = RequestFactory().post("/", {f"f{n}": "x" * 900 for n in range(10)}, content_type="application/json")
    assert request.body
    told = described(request, body=True)["body"]
    assert len(told) == 4_000
    assert told.startswith('{"f0": "xxx')


def test_neither_body_nor_user_nor_session_is_touched() -> None:
    class Untouchable(HttpRequest):
        method, path = "POST", "/"
        META = {"CONTENT_TYPE": "application/json"}

        def _refuse(self) -> Any:
            raise AssertionError("this is the view's to ask for")

        body = POST = FILES = COOKIES = GET = user = session = property(_refuse)  # type: ignore[assignment]

        def __init__(self) -> None:
            pass

    assert described(Untouchable(), headers=True, body=True)["content_type"] == "application/json"


def test_what_is_captured_holds_no_request() -> None:
    request = RequestFactory().post("/?a=1", {"name": "bolt"}, HTTP_ACCEPT="*/*")
    _ = request.POST
    captured = capture(request, headers=True, body=True)
    assert isinstance(captured, Captured)
    request.path, request.META["HTTP_ACCEPT"] = "/other/", "other"
    assert request.POST["name"] == "bolt"
    told = describe(captured)
    assert (told["path"], told["headers"]["Accept"], told["body"]) == ("/", "*/*", {"name": "bolt"})


@pytest.mark.parametrize("request_", [None, object(), SimpleNamespace(META=None), SimpleNamespace(META={})])
def test_what_is_no_request_is_not_described(request_: Any) -> None:
    assert described(request_) == {}


texts = (
    st.text(max_size=300) | st.sampled_from(["%", "=&=", "a=%ff", "\0", "//", "https://[::1", "x" * 9_000]) | st.none()
)


@given(
    st.lists(texts, min_size=8, max_size=8), st.dictionaries(st.text(max_size=5), texts), st.binary(max_size=50), texts
)
@FEW
def test_whatever_a_client_sends_is_described_within_bounds(
    sent: list[str | None], parts: dict[str, Any], body: bytes, form: str | None
) -> None:
    request = SimpleNamespace(method=sent[0], path=sent[1], scheme="http", resolver_match=SimpleNamespace(kwargs=parts))
    names = ("HTTP_HOST", "QUERY_STRING", "HTTP_USER_AGENT", "HTTP_REFERER", "CONTENT_TYPE", "HTTP_X_Y")
    request.META = dict(zip(names, sent[2:], strict=True))
    request._body = body
    told = described(request, headers=True, body=True)
    json.dumps(told).encode()
    assert "problem" not in told
    assert len(told.get("url", "")) <= 2_000
    assert len(told.get("user_agent", "")) <= 500
    assert len(json.dumps(told)) < 60_000
