from __future__ import annotations

import inspect
import json
import re
import sys
from typing import Any

import pytest
from apprise.manager_plugins import NotificationManager
from pytest_httpserver import HTTPServer

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.apprise import AppriseChannel
from monitoring.alerts.channels.apprise.services import REFUSED, NoServiceError, service
from monitoring.alerts.channels.base import MessageKind, PermanentError, TemporaryError
from monitoring.alerts.channels.registry import problems

from . import making
from .conftest import logged
from .making import incident, message


def url_for(server: HTTPServer, path: str = "/hook/sesame", query: str = "") -> str:
    return f"json://{server.host}:{server.port}{path}{query}"


def test_a_service_of_apprise_gets_the_title_and_the_text(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook/sesame", method="POST").respond_with_data("")
    AppriseChannel(url_for(httpserver)).send(message())
    ((request, _),) = httpserver.log
    sent = json.loads(request.data)
    assert sent["title"] == rendering.subject(message())
    assert sent["message"] == rendering.text(message()).partition("\n\n")[2].rstrip()
    assert sent["type"] == "failure"


def test_what_is_over_is_told_as_a_success(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook/sesame").respond_with_data("")
    AppriseChannel(url_for(httpserver)).send(message(MessageKind.RESOLVED, incident(resolved=making.AT)))
    ((request, _),) = httpserver.log
    assert json.loads(request.data)["type"] == "success"


def test_a_service_with_markup_gets_it_escaped(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook/sesame").respond_with_data("")
    AppriseChannel(url_for(httpserver, query="?format=html")).send(making.hostile())
    ((request, _),) = httpserver.log
    sent = json.loads(request.data)
    assert "<b>" not in sent["message"]
    assert "&lt;b&gt;" in sent["message"]


def test_nobody_is_mentioned(httpserver: HTTPServer, reachable: None) -> None:
    httpserver.expect_request("/hook/sesame").respond_with_data("")
    AppriseChannel(url_for(httpserver)).send(making.hostile())
    ((request, _),) = httpserver.log
    text = json.loads(request.data)["message"]
    assert "@everyone" not in text
    assert "<!channel" not in text
    assert "everyone" in text


@pytest.mark.parametrize(("status", "kind"), [(404, PermanentError), (429, TemporaryError), (503, TemporaryError)])
def test_what_the_service_answers_decides_whether_it_is_tried_again(
    httpserver: HTTPServer, reachable: None, status: int, kind: type[Exception]
) -> None:
    httpserver.expect_request("/hook/sesame").respond_with_data("", status=status)
    with pytest.raises(kind, match=rf"^json:// answered {status}\.$"):
        AppriseChannel(url_for(httpserver)).send(message())


def test_no_url_leads_into_private_networks(httpserver: HTTPServer) -> None:
    for url in (url_for(httpserver), f"mailto://user:sesame@{httpserver.host}:{httpserver.port}?to=a@b.example"):
        with pytest.raises(PermanentError, match=r"is not reached\. Its address is not a public one"):
            AppriseChannel(url).send(message())
    assert httpserver.log == []


def test_nor_does_a_redirect(httpserver: HTTPServer, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.1"]}
    target = f"http://127.0.0.2:{httpserver.port}/inside"
    httpserver.expect_request("/hook/sesame").respond_with_data("", status=307, headers={"Location": target})
    with pytest.raises(PermanentError, match="is not reached"):
        AppriseChannel(url_for(httpserver).replace("localhost", "127.0.0.1")).send(message())
    assert [request.path for request, _ in httpserver.log] == ["/hook/sesame"]


def test_its_url_is_never_told(
    httpserver: HTTPServer, reachable: None, everything_logged: pytest.LogCaptureFixture
) -> None:
    httpserver.expect_request("/hook/sesame").respond_with_data("no", status=500)
    channel = AppriseChannel(url_for(httpserver))
    with pytest.raises(TemporaryError) as raised:
        channel.send(message())
    assert "sesame" not in f"{raised.value!r} {channel!r} {logged(everything_logged)}"


@pytest.mark.parametrize(
    "url",
    [
        *sorted(f"{schema}://sesame/sesame" for schema in REFUSED),
        "file:///etc/sesame",
        "exec://sesame",
        "nothing://sesame",
        "discord://sesame",
        "json://x.example/?template=/etc/sesame",
        "fcm://project/token?keyfile=/etc/sesame",
        "DBUS://sesame",
    ],
)
def test_what_is_of_this_machine_or_no_service_is_refused(url: str) -> None:
    with pytest.raises(NoServiceError) as raised:
        service(url)
    assert "sesame" not in str(raised.value)
    assert len(problems("apprise", {"url": url})) == 1


def test_a_url_cannot_make_us_wait_forever() -> None:
    found = service("json://x.example/?rto=100000&cto=nan&retry=99&wait=99")
    assert found.request_timeout == (3.05, 8.0)


@pytest.mark.parametrize(
    "url",
    [
        "discord://1234/abcd",
        "matrix://u:p@x.example/room",
        "ntfy://topic",
        "mailto://u:p@x.example",
        "tgram://123456789:abcdefg_hijklmnop/12315544/",
    ],
)
def test_the_usual_services_are_taken(url: str) -> None:
    assert service(url).enabled


def test_each_service_that_is_taken_sends_in_a_way_that_is_watched() -> None:
    """A new version of Apprise may bring services that start programs or threads; they have to be refused first."""
    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    manager.load_modules()
    unwatched = re.compile(
        r"^\s*(?:import|from) (subprocess|multiprocessing|syslog|paho|smpplib|gntp|dbus|gi|hid|win32api|slixmpp)\b"
        r"|\b(os\.system|popen|Thread|ThreadPoolExecutor)\(",
        re.MULTILINE,
    )
    taken = {plugin for schema, plugin in ((one, manager[one]) for one in manager.schemas()) if schema not in REFUSED}
    assert len(taken) > 100
    assert {one.__name__ for one in taken if unwatched.search(inspect.getsource(sys.modules[one.__module__]))} == set()
