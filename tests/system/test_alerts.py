"""An error reaches people: a real mail server and a real web server are told once, and what they answer counts."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.alerts.channels.mailbox import Mailbox

from .platform import Client, Platform, wait_until
from .visitors import PROXY, Visitor

pytestmark = pytest.mark.system

SECRET = "a key that both sides know of"
INCIDENTS = "/api/monitoring/alerts/incidents/"
RULES = "/api/monitoring/alerts/rules/"
ERROR = b'{"error_type": "MemoryError"}'


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox.serve() as served:
        yield served


def test_an_error_is_told_once_acknowledged_from_the_mail_and_its_end_is_told(
    platform: Platform, mailbox: Mailbox, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    platform.start(
        ENABLE_TEST_ERROR="1",
        TRUSTED_PROXIES=PROXY,
        EMAIL_URL=f"smtp://{mailbox.host}:{mailbox.port}",
        ERROR_ALERT_RECIPIENTS="ops@example.com",
        ERROR_ESCALATION_RECIPIENTS="boss@example.com",
        MONITORING=json.dumps({"OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.0/8"], "PUBLIC_URL": platform.base}),
    )
    admin, visitor = Visitor(platform), Visitor(platform, "203.0.113.7")
    headers = {"Authorization": f"Bearer {platform.secret('admin-token')}", "Content_Type": "application/json"}
    hook = {
        "name": "hook",
        "kind": "webhook",
        "settings": {"url": httpserver.url_for("/hook"), "secret": SECRET},
        "severities": ["critical"],
    }
    made = admin.ask("POST", "/api/monitoring/alerts/channels/", json.dumps(hook).encode(), **headers)
    assert made.status == 201, made.text

    (rule,) = [one for one in Client(platform).get(RULES).json if one["name"] == "Critical errors"]
    at_once = admin.ask("PATCH", f"{RULES}{rule['id']}/", b'{"keep_firing_seconds": 0}', **headers)
    assert at_once.status == 200, at_once.text

    def told() -> str:
        return "\n".join(
            Client(platform).get(path).text
            for path in (INCIDENTS, "/api/monitoring/alerts/deliveries/", "/api/monitoring/errors/?limit=3")
        )

    for _ in range(3):
        visitor.ask("POST", "/api/test-error/", ERROR, Content_Type="application/json")
    wait_until(lambda: mailbox.received and httpserver.log, "both are told", why_not=told)
    (mail,) = mailbox.mails()
    assert (mail["To"], "MemoryError" in str(mail["Subject"])) == ("ops@example.com", True)
    ((request, _),) = httpserver.log
    assert _is_signed(request.headers["Enginel-Signature"], request.get_data())
    assert request.headers["Idempotency-Key"]
    (incident,) = [one for one in _incidents(platform) if one["severity"] == "critical"]
    # Each answer waits for the recovery of its error: the first may be told of before the last has occurred.
    assert (incident["state"], incident["count"] in (1, 2, 3)) == ("firing", True)

    # Whoever opens the link from the mail is asked, and then taken at their word, without a login.
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    link = next(one for one in re.findall(r"https?://\S+", text) if "/monitoring/alerts/act/" in one)
    path = urllib.parse.urlsplit(link).path
    assert visitor.ask("GET", path).status == 200
    assert _incident(platform, incident["id"])["state"] == "firing"
    assert visitor.ask("POST", path).status == 200
    assert _incident(platform, incident["id"])["state"] == "acknowledged"

    # Somebody resolves the group: both hear that it is over, each once, and nobody else ever hears of it.
    group = _incident(platform, incident["id"])["labels"]["group"]
    done = admin.ask("PATCH", f"/api/monitoring/errors/groups/{group}/", b'{"status": "resolved"}', **headers)
    assert done.status == 200, done.text
    wait_until(
        lambda: len(mailbox.received) == 2 and len(httpserver.log) == 2, "both hear that it is over", why_not=told
    )
    kinds = [json.loads(request.get_data())["kind"] for request, _ in httpserver.log]
    assert kinds == ["firing", "resolved"]
    assert {recipient for _, to, _ in mailbox.received for recipient in to} == {"ops@example.com"}


def _is_signed(signature: str, body: bytes) -> bool:
    """Whether a signature of the form `t=…,v1=…` is that of a body."""
    parts = dict(part.split("=", 1) for part in signature.split(","))
    signed = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256)
    return hmac.compare_digest(signed.hexdigest(), parts["v1"])


def _incidents(platform: Platform) -> Any:
    return Client(platform).get(INCIDENTS).json["results"]


def _incident(platform: Platform, pk: int) -> Any:
    return Client(platform).get(f"{INCIDENTS}{pk}/").json
