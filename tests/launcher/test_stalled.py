"""Gunicorn with our worker and clients that stall, at a patience of one second."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launcher.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
THREADS = 2
CONFIGURATION = f"""
exec(open({str(ROOT / "deploy" / "gunicorn.conf.py")!r}).read())
from gunicorn.util import load_class
class Hasty(load_class(worker_class)):
    patience = 1.0
worker_class, workers, threads, when_ready = Hasty, 1, {THREADS}, lambda server: None
"""
APPLICATION = """
def app(environ, start_response):
    body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else environ["SCRIPT_NAME"].encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def port(tmp_path: Path, eventually: Callable[..., None]) -> Iterator[int]:
    (tmp_path / "hasty.conf.py").write_text(CONFIGURATION)
    (tmp_path / "answering.py").write_text(APPLICATION)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", str(tmp_path / "hasty.conf.py"), "answering:app"]
    settings = {**os.environ, "PORT": str(port), "PYTHONPATH": f"{ROOT}:{tmp_path}", "HOST": "127.0.0.1"}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, env=settings, cwd=tmp_path, stdout=log, stderr=log)
    try:
        eventually(lambda: answers(port), 30, "gunicorn")
        yield port
        assert "Traceback" not in (tmp_path / "log").read_text()
    finally:
        server.terminate()
        server.wait(20)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answers(port: int) -> bool:
    try:
        return b" 200 " in exchange(port, GET + b"Connection: close\r\n\r\n")
    except OSError:
        return False


def exchange(port: int, request: bytes) -> bytes:
    with connect(port) as client:
        client.sendall(request)
        return read_all(client)


def read_all(client: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while data := client.recv(65536):
            found += data
    return found


def seconds_to_answer(port: int) -> float:
    began = time.monotonic()
    assert answers(port)
    return time.monotonic() - began


@pytest.mark.parametrize(
    "beginning",
    [GET + b"X: ", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na="],
    ids=["head", "body"],
)
def test_stalled_connections_are_closed_and_others_are_served(port: int, beginning: bytes) -> None:
    stalled = [connect(port) for _ in range(2 * THREADS)]
    for client in stalled:
        client.sendall(beginning)

    assert seconds_to_answer(port) < 4
    for client in stalled:
        assert read_all(client) == b""
        client.close()


def test_a_head_that_comes_drop_by_drop_has_a_limit_altogether(port: int) -> None:
    client = connect(port)
    client.sendall(GET + b"X: ")
    began = time.monotonic()

    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while time.monotonic() - began < 10:
            client.sendall(b"x")
            time.sleep(0.2)

    assert time.monotonic() - began < 4


def test_a_slow_but_honest_upload_arrives(port: int) -> None:
    client = connect(port)
    client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 6\r\n\r\n")
    for _ in range(6):
        time.sleep(0.5)
        client.sendall(b"a")

    assert read_all(client).endswith(b"\r\n\r\naaaaaa")


def test_a_connection_that_is_kept_serves_again_after_a_pause(port: int) -> None:
    client = connect(port)
    for _ in range(3):
        client.sendall(GET + b"\r\n")
        assert b" 200 " in client.recv(65536)
        time.sleep(1.5)


def test_clients_that_do_not_close_after_their_answer_keep_nobody_waiting(port: int) -> None:
    lingering = [connect(port) for _ in range(2 * THREADS)]
    for client in lingering:
        client.sendall(GET + b"Connection: close\r\n\r\n")
    time.sleep(0.5)

    assert seconds_to_answer(port) < 5
    for client in lingering:
        client.close()


def test_a_client_cannot_say_where_the_application_is_mounted(port: int) -> None:
    request = GET + b"SCRIPT_NAME: /elsewhere\r\nConnection: close\r\n\r\n"

    assert exchange(port, request).endswith(b"Content-Length: 0\r\n\r\n")
