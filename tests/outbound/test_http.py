"""Asking servers that mean no good, and those that are only slow, large or somewhere else."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Any

import pytest

from monitoring.outbound import guard, http, reach
from monitoring.outbound.errors import AwayError, BlockedAddressError, OutboundError, TooLargeError
from monitoring.outbound.http import Session, Timeouts
from monitoring.outbound.reach import Reach
from tests.outbound.server import Play, Server, drips, hangs, in_turn, says

SHORT = Timeouts(total=0.3)
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def serve() -> Iterator[Any]:
    """Return what starts a server that plays something."""
    with ExitStack() as stack:
        yield lambda *about: stack.enter_context(Server(*about))


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address of this machine that counts as a public one."""
    public, known = ip_address("127.0.0.2"), reach.reach_of
    for module in (reach, guard):
        monkeypatch.setattr(module, "reach_of", lambda one: Reach.PUBLIC if one == public else known(one))
    return str(public)


def test_what_is_posted_arrives_and_what_is_answered_comes_back(serve: Any) -> None:
    server = serve(says(202, b'{"a": 1}', X_One="1"))
    answer = http.post(f"{server.url}/x", json={"b": "ü"}, headers={"X-Two": "2"}, allow_private=True)
    assert (answer.status, answer.ok, answer.json(), answer.headers["x-one"]) == (202, True, {"a": 1}, "1")
    (request,) = server.requests
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith("POST /x HTTP/1.1")
    assert "X-Two: 2" in head
    assert "User-Agent: enginel/" in head
    assert json.loads(body) == {"b": "ü"}


def test_private_addresses_are_not_asked_unless_an_operator_chose_them(serve: Any) -> None:
    server = serve(says())
    with pytest.raises(BlockedAddressError, match="OUTBOUND_ALLOWED_NETWORKS"):
        http.get(server.url)
    assert http.get(server.url, allow_private=True).ok
    assert len(server.requests) == 1


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "[::1]"])
def test_no_way_to_write_this_machine_reaches_it(host: str, serve: Any) -> None:
    server = serve(says())
    with pytest.raises(OutboundError):
        http.get(f"http://{host}:{server.port}/")
    assert server.requests == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http:///x", "//x", "", "http://[::1"]
)
def test_only_web_servers_are_asked(url: str) -> None:
    with pytest.raises(BlockedAddressError, match="not the address of a web server"):
        http.get(url, allow_private=True)


def test_the_address_that_is_looked_at_is_the_one_connected_to(
    serve: Any, monkeypatch: pytest.MonkeyPatch, outside: str
) -> None:
    server = serve(says())
    answers = iter([outside, "127.0.0.1"])

    def resolve(_host: str, port: int, *_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    socket.getaddrinfo("rebound.example", 80)  # whoever looked before would have seen a public address
    with pytest.raises(BlockedAddressError):
        http.get(f"http://rebound.example:{server.port}/")
    assert server.requests == []


def test_a_name_with_a_private_and_a_public_address_leads_to_the_public_one(
    serve: Any, monkeypatch: pytest.MonkeyPatch, outside: str
) -> None:
    server = serve(says(), outside)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.1", outside)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert http.get(f"http://both.example:{server.port}/").ok


def test_a_redirect_from_outside_does_not_lead_inside_even_where_inside_is_allowed(serve: Any, outside: str) -> None:
    inside = serve(says())
    server = serve(says(307, Location=f"{inside.url}/secret"), outside)
    for private in (False, True):
        with pytest.raises(BlockedAddressError):
            http.post(server.url, json={}, allow_private=private)
    assert inside.requests == []


def test_an_address_inside_may_redirect_inside_but_not_to_metadata(serve: Any) -> None:
    inside = serve(says(200, b"yes"))
    server = serve(in_turn(says(302, Location=inside.url), says(302, Location="http://169.254.169.254/latest")))
    assert http.get(server.url, allow_private=True).body == b"yes"
    with pytest.raises(BlockedAddressError):
        http.get(server.url, allow_private=True)


def test_credentials_stay_with_the_origin_they_are_for(serve: Any) -> None:
    other = serve(says())
    server = serve(in_turn(says(308, Location="/again"), says(307, Location=other.url)))
    secret = {"Authorization": "Bearer s3cret", "X-Key": "s3cret", "Cookie": "s3cret", "Idempotency-Key": "k"}
    url = server.url.replace("http://", "http://user:s3cret@")
    assert http.post(url, json={"x": 1}, headers=secret, allow_private=True).ok
    assert "s3cret" in server.requests[0]
    assert "s3cret" in server.requests[1]
    assert "s3cret" not in other.requests[0]
    assert "authorization" not in other.requests[0].lower()
    assert "Idempotency-Key: k" in other.requests[0]
    assert other.requests[0].endswith('{"x": 1}')


@pytest.mark.parametrize("status", [301, 302, 303])
def test_who_has_something_done_is_not_told_it_was_because_a_page_can_be_read(serve: Any, status: int) -> None:
    page = serve(says(200))
    server = serve(says(status, Location=page.url))
    assert http.post(server.url, json={}, allow_private=True).status == status
    assert page.requests == []


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://[", "javascript:1"])
def test_redirects_to_what_is_no_web_server_are_answers(serve: Any, location: str) -> None:
    assert http.get(serve(says(302, Location=location)).url, allow_private=True).status == 302


def test_redirects_without_end_are_given_up(serve: Any) -> None:
    server = serve(says(302, Location="/"))
    with pytest.raises(AwayError, match="redirects more than 3 times"):
        http.get(server.url, allow_private=True)
    assert len(server.requests) == 4


SLOW = {
    "headers": drips(HEAD, b"X-A: b\r\n"),
    "continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "status": drips(b"HTTP", b"/"),
    "body": drips(HEAD + b"Content-Length: 1000000\r\n\r\n", b"x"),
    "chunks": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "until closed": drips(HEAD + b"\r\n", b"x"),
}


@pytest.mark.parametrize("play", SLOW.values(), ids=SLOW)
def test_an_answer_that_comes_byte_by_byte_is_given_up_in_time(serve: Any, play: Play) -> None:
    with pytest.raises(AwayError, match="takes too long"):
        http.get(serve(play).url, allow_private=True, timeout=SHORT)


def test_an_answer_that_does_not_come_is_not_waited_for(serve: Any) -> None:
    with pytest.raises(AwayError, match="did not answer in time"):
        http.get(serve(hangs).url, allow_private=True, timeout=Timeouts(read=0.05))


def test_redirects_do_not_make_time(serve: Any) -> None:
    server = serve(in_turn(says(302, Location="/slow"), SLOW["body"]))
    with pytest.raises(AwayError, match="takes too long"):
        http.get(server.url, allow_private=True, timeout=SHORT)


LARGE = {
    "told": says(200, b"x" * 2_000),
    "endless": drips(HEAD + b"\r\n", b"x" * 500),
    "chunks": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"64\r\n" + b"x" * 100 + b"\r\n"),
}


@pytest.mark.parametrize("play", LARGE.values(), ids=LARGE)
def test_more_than_may_be_read_is_not_read_and_the_status_is_known(serve: Any, play: Play) -> None:
    with pytest.raises(TooLargeError) as caught:
        http.get(serve(play).url, allow_private=True, max_bytes=1_000)
    assert caught.value.status == 200


def test_the_body_of_a_redirect_is_bounded_like_any_other(serve: Any) -> None:
    server = serve(drips(b"HTTP/1.1 302 So\r\nLocation: /\r\n\r\n", b"x" * 500))
    with pytest.raises(TooLargeError):
        http.get(server.url, allow_private=True, max_bytes=1_000)


def test_an_answer_that_is_packed_is_not_unpacked(serve: Any) -> None:
    server = serve(says(200, b"\x1f\x8b", Content_Encoding="gzip"))
    assert http.get(server.url, allow_private=True).body == b"\x1f\x8b"
    assert "Accept-Encoding: identity" in server.requests[0]


def test_a_server_that_hangs_up_is_away(serve: Any) -> None:
    with pytest.raises(AwayError, match="did not answer: ConnectionError"):
        http.get(serve(lambda _server, _connection: None).url, allow_private=True)


def test_a_server_that_does_not_speak_http_is_away(serve: Any) -> None:
    with pytest.raises(AwayError):
        http.get(serve(drips(b"SSH-2.0-x\r\n", b"")).url, allow_private=True, timeout=SHORT)


def test_a_server_that_does_not_speak_tls_is_away_and_never_asked_without(serve: Any) -> None:
    server = serve(says(), "127.0.0.1", False)  # it does not wait for a request that it could read
    with pytest.raises(AwayError, match="SSLError"):
        http.get(server.url.replace("http://", "https://"), allow_private=True)


@pytest.fixture
def certified(tmp_path: Any) -> Iterator[tuple[str, str]]:
    """A server with a certificate that it made itself: its address, and the path of the certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    about = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", *new, "-keyout", key, "-out", certificate, *about]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server(says(), context=context) as server:
        yield server.url.replace("http://", "https://"), str(certificate)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing here makes certificates")
def test_a_certificate_that_nobody_vouches_for_is_not_believed_unless_an_operator_does(
    certified: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = certified
    with pytest.raises(AwayError, match="SSLError"):
        http.get(url, allow_private=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    assert http.get(url, allow_private=True).ok
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with http.Session(allow_private=True, authorities=certificate) as session:
        assert session.send("GET", url).ok


def test_nobody_at_home_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(AwayError, match="did not answer: ConnectionError"):
        http.get(f"http://127.0.0.1:{port}/", allow_private=True)


def test_an_error_tells_nothing_of_the_address() -> None:
    with pytest.raises(OutboundError) as caught:
        http.get("http://user:s3cret@127.0.0.1:1/s3cret?key=s3cret", allow_private=True)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_nothing_of_the_address_is_logged(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert http.get(f"{serve(says()).url}/s3cret", allow_private=True).ok
    assert "s3cret" not in caplog.text


@pytest.mark.parametrize("chosen", [False, True])
def test_a_proxy_of_the_environment_is_used_where_that_was_chosen(
    chosen: bool, serve: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(says(203)), serve(says(200))
    settings.MONITORING = {**settings.MONITORING, "OUTBOUND_PROXIES": chosen}
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert http.get(server.url, allow_private=True).status == (203 if chosen else 200)
    assert len(proxy.requests) == chosen


def test_the_login_of_a_netrc_goes_nowhere(serve: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password s3cret")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(says())
    http.get(server.url, allow_private=True)
    assert "authorization" not in server.requests[0].lower()


def test_a_few_requests_share_one_time(serve: Any) -> None:
    server = serve(in_turn(says(200), SLOW["headers"]))
    with Session(allow_private=True, timeouts=SHORT, named="The other one") as session:
        assert session.send("GET", server.url).ok
        for _ in range(2):
            with pytest.raises(AwayError, match="The other one takes too long"):
                session.send("GET", server.url)
