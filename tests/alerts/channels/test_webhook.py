from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pytest_httpserver import HTTPServer

from monitoring.alerts.channels import webhook
from monitoring.alerts.channels.base import Message, MessageKind, PermanentError, TemporaryError
from monitoring.alerts.channels.registry import make, problems
from monitoring.alerts.channels.webhook import WebhookChannel
from monitoring.alerts.channels.webhook.payload import payload
from monitoring.alerts.channels.webhook.signing import signature

from . import making
from .conftest import logged
from .making import KEY, incident, message

NEW, OLD = "the-new-secret-of-ours", "the-old-secret-of-ours"
SCHEMA = json.loads((Path(webhook.__file__).parent / "schema.json").read_text())
VALID = Draft202012Validator(SCHEMA)


def verified(secret: str, header: str, body: bytes) -> bool:
    """Verify a signature with the code that the guide shows."""
    guide = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()
    shown = guide.partition("## Verify a webhook's signature")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(shown, names)
    return bool(names["verify"](secret, header, body))


def test_it_is_posted_as_json_that_its_receiver_can_verify(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("", status=202)
    WebhookChannel(httpserver.url_for("/hook"), [NEW]).send(message())
    ((request, _),) = httpserver.log
    assert request.headers["Idempotency-Key"] == KEY
    assert request.headers["Enginel-Version"] == "1"
    assert request.headers["Enginel-Event"] == "firing"
    assert verified(NEW, request.headers["Enginel-Signature"], request.data)
    assert not verified(OLD, request.headers["Enginel-Signature"], request.data)
    assert not verified(NEW, request.headers["Enginel-Signature"], request.data + b" ")
    sent = json.loads(request.data)
    assert sent["id"] == KEY
    assert sent["incidents"][0]["error"]["error_type"] == "database_error"


def test_a_signature_that_is_old_or_odd_verifies_nothing() -> None:
    now = int(time.time())
    assert verified(NEW, signature(b"x", [NEW], now), b"x")
    assert not verified(NEW, signature(b"x", [NEW], now - 301), b"x")
    for header in ("", "t=,v1=", "t=x,v1=y", "v1=abc", f"t={now}"):
        assert not verified(NEW, header, b"x")


def test_while_the_secret_is_changed_either_verifies(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook").respond_with_data("")
    (channel,) = make("webhook", {"url": httpserver.url_for("/hook"), "secret": NEW, "previous_secret": OLD}).values()
    channel.send(message())
    ((request, _),) = httpserver.log
    assert verified(NEW, request.headers["Enginel-Signature"], request.data)
    assert verified(OLD, request.headers["Enginel-Signature"], request.data)


def test_the_body_is_the_same_with_each_attempt(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook").respond_with_data("", status=503)
    channel = WebhookChannel(httpserver.url_for("/hook"), [NEW])
    for _ in range(2):
        with pytest.raises(TemporaryError):
            channel.send(message())
    first, second = (request.data for request, _ in httpserver.log)
    assert first == second


def test_an_answer_of_any_length_is_an_answer(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook").respond_with_data("x" * 300_000)
    WebhookChannel(httpserver.url_for("/hook"), [NEW]).send(message())


def test_neither_address_nor_secret_are_told(
    httpserver: HTTPServer, everything_logged: pytest.LogCaptureFixture
) -> None:
    channel = WebhookChannel(httpserver.url_for("/hook?key=sesame"), [NEW])
    with pytest.raises(PermanentError) as raised:
        channel.send(message())
    told = f"{raised.value!r} {channel!r} {logged(everything_logged)}"
    assert "sesame" not in told
    assert NEW not in told


@pytest.mark.parametrize(
    "given_settings",
    [
        {"url": "https://x.example"},
        {"url": "https://u:p@x.example", "secret": NEW},
        {"url": "https://x.example", "secret": "short"},
        {"url": ["https://x.example"], "secret": NEW},
        {"url": "https://x.example", "secret": NEW, "what": 1},
    ],
)
def test_settings_that_cannot_work_are_told_without_their_values(given_settings: dict[str, Any]) -> None:
    (told,) = problems("webhook", given_settings)
    assert NEW not in told
    assert "x.example" not in told


@pytest.mark.parametrize("kind", MessageKind)
def test_each_kind_of_message_is_as_the_schema_says(kind: MessageKind) -> None:
    VALID.validate(payload(message(kind, incident(resolved=making.AT))))


@making.FEW
@given(making.messages())
def test_whatever_it_holds_it_is_as_the_schema_says_and_bounded(told: Message) -> None:
    body = json.dumps(payload(told), ensure_ascii=False, allow_nan=False).encode()
    VALID.validate(json.loads(body))
    assert len(body) < 8_000_000
