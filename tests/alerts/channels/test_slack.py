from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response

from monitoring.alerts.channels.base import Message, MessageKind, PermanentError, TemporaryError
from monitoring.alerts.channels.slack import SlackChannel
from monitoring.alerts.channels.slack.blocks import escape, payload

from . import making
from .conftest import logged
from .making import incident, message

SECRET = "/services/T000/B000/secretsecret"


def posted(server: HTTPServer) -> Any:
    ((request, _),) = server.log
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    return json.loads(request.data)


def test_it_is_posted_as_blocks_with_buttons_and_a_text_for_notifications(
    httpserver: HTTPServer, reachable: None
) -> None:
    httpserver.expect_request(SECRET, method="POST").respond_with_data("ok")
    SlackChannel(httpserver.url_for(SECRET)).send(message())
    sent = posted(httpserver)
    assert sent["text"] == "[Critical] OperationalError: database is locked\nThis needs somebody to look at it."
    assert [block["type"] for block in sent["blocks"]] == ["header", "section", "section", "actions"]
    assert sent["blocks"][0]["text"]["text"] == "[Critical] OperationalError: database is locked"
    fields = [one["text"] for one in sent["blocks"][2]["fields"]]
    assert "*How often*\n1,200 occurrences" in fields
    assert [(one["text"]["text"], one["url"]) for one in sent["blocks"][3]["elements"]] == [
        (link.label, link.url) for link in making.LINKS
    ]


@pytest.mark.parametrize(
    ("status", "said", "kind", "told"),
    [
        (404, "no_service", PermanentError, "localhost answered 404 (no_service)."),
        (403, "your url is SECRET", PermanentError, "localhost answered 403."),
        (500, "rollup_error", TemporaryError, "localhost answered 500 (rollup_error)."),
        (302, "", PermanentError, "localhost answered 302."),
    ],
)
def test_an_answer_decides_whether_it_is_tried_again(
    httpserver: HTTPServer, reachable: None, status: int, said: str, kind: type[Exception], told: str
) -> None:
    httpserver.expect_request(SECRET).respond_with_data(said, status=status)
    with pytest.raises(kind) as raised:
        SlackChannel(httpserver.url_for(SECRET)).send(message())
    assert str(raised.value) == told


@pytest.mark.parametrize("header", ["Retry-After", "retry-after"])
def test_slack_is_left_alone_for_as_long_as_it_wants(httpserver: HTTPServer, reachable: None, header: str) -> None:
    httpserver.expect_request(SECRET).respond_with_response(Response("rate_limited", 429, {header: "30"}))
    with pytest.raises(TemporaryError) as raised:
        SlackChannel(httpserver.url_for(SECRET)).send(message())
    assert raised.value.retry_after == 30


def test_a_private_address_is_not_reached_unless_it_is_allowed(httpserver: HTTPServer) -> None:
    with pytest.raises(PermanentError, match="localhost is not reached"):
        SlackChannel(httpserver.url_for(SECRET)).send(message())
    assert httpserver.log == []


def test_its_address_is_never_told(
    httpserver: HTTPServer, reachable: None, everything_logged: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request(SECRET).respond_with_data("x", status=500)
    channel = SlackChannel(httpserver.url_for(SECRET))
    with pytest.raises(TemporaryError) as raised:
        channel.send(message())
    assert "secretsecret" not in f"{raised.value!r} {channel!r} {logged(everything_logged)}"


def test_nothing_in_a_message_mentions_people_or_is_a_link() -> None:
    text = json.dumps(payload(making.hostile()), ensure_ascii=False)
    assert "<!channel>" not in text
    assert "@everyone" not in text
    assert "&lt;!channel&gt;" in text
    assert "\u202e" not in text
    assert "javascript:" not in text


def test_a_word_in_stars_stays_a_word_in_stars() -> None:
    told = message(MessageKind.FIRING, incident(affected="*all* of my_own_name", advice="`x` ~y~"))
    texts = [one["text"] for block in payload(told)["blocks"] for one in block.get("fields", [])]
    (affected,) = [text for text in texts if text.startswith("*Whom it hits*")]
    assert "*all*" not in affected
    assert "my_own_name" in affected


@given(making.texts, st.integers(1, 200))
def test_no_escape_is_cut_in_two(text: str, limit: int) -> None:
    escaped = escape(text, limit)
    assert len(escaped) <= limit
    assert not re.search(r"[<>]|&(?!(amp|lt|gt);)", escaped)


def test_more_incidents_than_fit_are_left_out_and_that_is_said() -> None:
    many = tuple(incident(id=number) for number in range(60))
    blocks = payload(message(MessageKind.DIGEST, incidents=many, omitted=3))["blocks"]
    assert len(blocks) <= 50
    assert [block["text"]["text"] for block in blocks[-2:]] == ["Not all fit in here.", "And 43 more incidents."]


@making.FEW
@given(making.messages())
def test_whatever_it_holds_it_is_within_the_limits_of_slack(told: Message) -> None:
    sent = payload(told)
    json.dumps(sent, ensure_ascii=False).encode()
    assert 0 < len(sent["text"]) <= 3_000
    assert 0 < len(sent["blocks"]) <= 50
    for block in sent["blocks"]:
        text = block.get("text")
        limit = 150 if block["type"] == "header" else 3_000
        assert text is None or 0 < len(text["text"]) <= limit
        assert len(block.get("fields", [])) <= 10
        assert all(0 < len(one["text"]) <= 2_000 for one in block.get("fields", []))
        assert len(block.get("elements", [])) <= 25
        assert all(len(one["url"]) <= 3_000 and len(one["text"]["text"]) <= 75 for one in block.get("elements", []))
        shown = [text, *block.get("fields", [])]
        assert not any(re.search(r"[<>]|&(?!(amp|lt|gt);)", one["text"]) for one in shown if one)
