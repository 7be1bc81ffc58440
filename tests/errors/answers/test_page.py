"""The page for browsers: kind, without internals, and incapable of failing."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client

from monitoring.errors.answers import views
from monitoring.errors.models import ErrorLog
from monitoring.recording.answers import error_page, shown

from .conftest import PAGE, response_key
from .urls import SECRET


class Outline(HTMLParser):
    """Tags that are open, and all that were seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, list[dict[str, str | None]]] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.setdefault(tag, []).append(dict(attrs))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def text_of(response: Any) -> str:
    """Return an answer that is a page, checked."""
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert (response["Cache-Control"], "Accept" in response["Vary"]) == ("no-store", True)
    text: str = response.content.decode()
    assert SECRET not in text
    return text


@pytest.mark.parametrize("layer", ["plain", "later"])
def test_of_a_call_that_an_open_circuit_refused_it_is_said_to_try_again(browser: Client, layer: str) -> None:
    response = browser.get(f"/{layer}/refused/")
    assert (response.status_code, response["Retry-After"]) == (503, "7")
    assert "Try again in a few minutes." in text_of(response)


@pytest.mark.parametrize("layer", ["plain", "later", "rest"])
@pytest.mark.parametrize("name", ["broken", "database", "unprintable"])
def test_of_an_unhandled_exception_neither_message_nor_place_is_told(browser: Client, layer: str, name: str) -> None:
    response = browser.get(f"/{layer}/{name}/")
    text = text_of(response)
    assert response.status_code == 500
    assert "<h1>Something went wrong</h1>" in text
    assert "The problem has been reported." in text
    assert re.search(r"please say: <code>[0-9a-f-]{36}</code>", text)
    assert not re.search(r"Error\b|Traceback|urls\.py|Django|tests\.", text)


@pytest.mark.parametrize(
    ("path", "status", "title"),
    [
        ("/nowhere/", 404, "There is nothing here"),
        ("/plain/missing/", 404, "There is nothing here"),
        ("/plain/denied/", 403, "This is not for you"),
        ("/plain/bad/", 400, "The request was not understood"),
    ],
)
def test_other_trouble_has_pages_too(browser: Client, path: str, status: int, title: str) -> None:
    response = browser.get(path)
    assert response.status_code == status
    assert f"<h1>{title}</h1>" in text_of(response)


def test_under_asgi(asynchronous: AsyncClient) -> None:
    for path in ("/plain/broken/", "/later/broken/"):
        response = async_to_sync(asynchronous.get)(path, headers={"accept": PAGE})
        assert "<h1>Something went wrong</h1>" in text_of(response)
        assert "please say" in text_of(response)


def test_it_stands_alone_and_may_be_read_by_everybody(browser: Client) -> None:
    response = browser.get("/plain/broken/")
    text, outline = text_of(response), Outline()
    outline.feed(text)
    assert not outline.open
    assert outline.seen["html"] == [{"lang": "en"}]
    assert [len(outline.seen[tag]) for tag in ("main", "h1", "title")] == [1, 1, 1]
    assert not {"script", "link", "img", "iframe", "form", "object"} & set(outline.seen)
    assert not re.search(r"url\(|https?:|@import|src=|style=|onload", text)
    assert "color-scheme: light dark" in text


def test_its_policy_allows_its_style_and_nothing_else(browser: Client) -> None:
    response = browser.get("/plain/broken/")
    style = text_of(response).partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert response["Content-Security-Policy"].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("path", ["/plain/value/", "/later/value/", "/rest/value/"])
def test_an_error_is_named_by_the_fingerprint_that_it_has_in_the_log(
    browser: Client, known_bug: Any, path: str
) -> None:
    assert b"We know" not in browser.get(path).content
    known_bug("B-007", ErrorLog.objects.get().fingerprint)
    text = text_of(browser.get(path))
    assert "We know of this problem, as <strong>B-007</strong>" in text
    assert "has been reported" not in text
    assert "B-007" not in text_of(browser.get("/plain/broken/"))


def test_a_refused_form_is_named_and_nobody_claims_to_work_on_it(browser: Client, known_bug: Any) -> None:
    known_bug("B-008", response_key("csrf", 403, "form/"))
    text = text_of(browser.post("/form/"))
    assert "We know of this as <strong>B-008</strong>" in text
    assert "working on it" not in text


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("path", ["/nowhere/", "/plain/missing/"])
def test_nobody_works_on_an_address_that_does_not_exist(browser: Client, known_bug: Any, path: str) -> None:
    browser.get(path)
    known_bug("B-009", ErrorLog.objects.get().fingerprint)
    text = text_of(browser.get(path))
    assert "B-009" not in text
    assert "We know" not in text
    assert "please say" in text


def test_what_is_shown_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    made = error_page.render(500, "<s>", "<b>", shown.Shown("<i>", "<u>"))
    assert not {"<s>", "<b>", "<i>", "<u>"} & set(re.findall(r"<.>", made))


def test_a_form_from_elsewhere_is_refused_kindly(browser: Client) -> None:
    response = browser.post("/form/")
    assert response.status_code == 403
    assert "<h1>The form was not sent</h1>" in text_of(response)
    assert "Load the page again and send it once more." in text_of(response)
    response = browser.post("/form/", headers={"accept": "application/json"})
    found = response.json()
    assert (response.status_code, found["error"]["type"], found["error"]["severity"]) == (403, "csrf", "medium")


def test_while_developing_a_refused_form_has_djangos_page(browser: Client, settings: Any) -> None:
    settings.DEBUG = True
    assert "CSRF cookie not set." in browser.post("/form/").content.decode()
    assert browser.post("/form/", headers={"accept": "*/*"}).json()["error"]["type"] == "csrf"


def test_a_head_request_has_the_headers_alone(browser: Client) -> None:
    response = browser.head("/plain/broken/")
    assert (response.status_code, response.content, response["Content-Type"]) == (500, b"", "text/html; charset=utf-8")


@pytest.mark.parametrize("accept", [PAGE, "application/json"])
def test_it_asks_the_database_nothing(accept: str, db: None, django_assert_num_queries: Any) -> None:
    client = Client(raise_request_exception=False, headers={"accept": accept})
    for path in ("/plain/broken/", "/plain/database/", "/nowhere/", "/plain/denied/", "/rest/broken/"):
        with django_assert_num_queries(0):
            assert client.get(path).status_code >= 400


@pytest.mark.parametrize("accept", [PAGE, "application/json"])
def test_without_a_database_templates_sessions_and_users_it_is_the_same(accept: str, settings: Any) -> None:
    """Without the `db` fixture, every access to the database raises."""
    settings.TEMPLATES = [{"BACKEND": "no.such.Engine"}]
    settings.SESSION_ENGINE = "no.such.sessions"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "sessions" not in name and "contrib" not in name]
    client = Client(raise_request_exception=False, headers={"accept": accept})
    for path in ("/queries/", "/plain/broken/"):
        response = client.get(path)
        assert response.status_code == 500
        assert (b"Something went wrong" in response.content) or response.json()["error"]["error_id"]


def test_a_middleware_that_fails_changes_nothing(browser: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.errors.answers.test_page.failing"]
    assert "Something went wrong" in text_of(browser.get("/form/"))


def failing(_get_response: Any) -> Any:
    def middleware(_request: Any) -> Any:
        raise ImproperlyConfigured(SECRET)

    return middleware


@pytest.mark.parametrize(
    ("accept", "constant"), [(PAGE, "<p>Please try again later.</p>"), ("*/*", '"detail":"Something went wrong')]
)
def test_whatever_goes_wrong_with_it_there_is_an_answer(
    accept: str, constant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    for name in ("_page", "_problem"):
        monkeypatch.setattr(views, name, fail)
    response = Client(raise_request_exception=False, headers={"accept": accept}).get("/plain/denied/")
    assert response.status_code == 403
    assert constant in response.content.decode()


def test_an_id_that_cannot_be_found_out_is_left_away(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(shown, "get_config", fail)
    text = text_of(browser.get("/plain/broken/"))
    assert "Something went wrong" in text
    assert "please say" not in text


def test_without_the_platforms_middleware_there_is_a_page_without_an_id(browser: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "MonitoringMiddleware" not in name]
    text = text_of(browser.get("/plain/broken/"))
    assert "Something went wrong" in text
    assert "please say" not in text
    assert browser.post("/form/").status_code == 403
