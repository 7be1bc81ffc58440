"""A server that stands in for GitHub: issues, comments, labels and a search that can lag; and it can misbehave."""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/shop"
TOKEN = "ghp_" + "t" * 36
_ISSUES = f"/repos/{REPOSITORY}/issues"

Mood = Callable[["Handler"], bool]
"""Answers in place of the server, and returns True; or returns False and lets it answer."""


class GitHub:
    """The server and what it holds."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.labels: set[str] = set()
        self.requests: list[tuple[str, str]] = []
        self.search_lags = False
        self.over = threading.Event()
        self._moods: dict[str, deque[Mood]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"github": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def misbehave(self, method: str, *moods: Mood) -> None:
        """Meet the next requests of a method with these moods, one each."""
        self._moods.setdefault(method, deque()).extend(moods)

    def mood(self, method: str) -> Mood | None:
        moods = self._moods.get(method)
        return moods.popleft() if moods else None

    def count(self, method: str) -> int:
        return sum(1 for used, _path in self.requests if used == method)

    def open_issue(self, given: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            number = len(self.issues) + 1
            issue = {
                "number": number,
                "html_url": f"https://github.com/{REPOSITORY}/issues/{number}",
                "title": given["title"],
                "body": given["body"],
                "labels": given.get("labels", []),
                "state": "open",
                "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "comments": [],
            }
            self.issues.append(issue)
            self.labels |= set(issue["labels"])
            return issue


class Handler(BaseHTTPRequestHandler):
    """One request to it."""

    github: GitHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the signature of the base
        pass

    def answer(self, status: int, body: Any = None, **headers: str) -> bool:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), "Connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = True
        return True

    def hang_up(self) -> bool:
        """End the connection without an answer."""
        self.close_connection = True
        return True

    def drip(self, begin: bytes, drop: bytes) -> bool:
        """Answer with drops that do not end before the other side is gone, or the test is over."""
        self.wfile.write(begin)
        with contextlib.suppress(OSError):
            while not self.github.over.wait(0.02):
                self.wfile.write(drop)
        return self.hang_up()

    def given(self) -> dict[str, Any]:
        return self._given

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._given = json.loads(self.rfile.read(length) or b"{}") if length else {}
        self.github.requests.append((self.command, self.path))
        mood = self.github.mood(self.command)
        if mood is not None and mood(self):
            return
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"message": "Bad credentials"})
            return
        parts = urlsplit(self.path)
        if not self._route(parts.path, {key: values[0] for key, values in parse_qs(parts.query).items()}):
            self.answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815  # names of the base

    def _route(self, path: str, query: dict[str, str]) -> bool:  # noqa: PLR0911
        hub = self.github
        if path == "/search/issues":
            wanted = re.findall(r'"([^"]+)"', query["q"])[0]
            found = [] if hub.search_lags else [issue for issue in hub.issues if wanted in issue["body"]]
            return self.answer(200, {"items": found})
        if path == f"/repos/{REPOSITORY}/labels":
            hub.labels.add(self._given["name"])
            return self.answer(201, {})
        if path == _ISSUES and self.command == "POST":
            return self.answer(201, hub.open_issue(self._given))
        if path == _ISSUES:
            return self.answer(200, _page(hub.issues[::-1], query))
        if not (found_path := re.fullmatch(rf"{_ISSUES}/(\d+)(/comments)?", path)):
            return False
        number = int(found_path[1])
        if not 0 < number <= len(hub.issues):
            return False
        issue = hub.issues[number - 1]
        if not found_path[2]:
            issue["state"] = self._given["state"]
            return self.answer(200, issue)
        if self.command == "POST":
            issue["comments"].append({"body": self._given["body"]})
            return self.answer(201, {})
        return self.answer(200, _page(issue["comments"], query))


def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size = int(query["per_page"])
    begin = (int(query["page"]) - 1) * size
    return rows[begin : begin + size]


def fails(status: int, message: str = "", **headers: str) -> Mood:
    """Answer with an error."""
    return lambda handler: handler.answer(status, {"message": message}, **headers)


def hangs(handler: Handler) -> bool:
    """Do not answer until the test is over."""
    handler.github.over.wait(60)
    return handler.hang_up()


def drips_headers(handler: Handler) -> bool:
    """Begin a line of the headers, and go on with it byte by byte."""
    return handler.drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x")


def drips_a_body(handler: Handler) -> bool:
    """Send a body byte by byte."""
    return handler.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ")


def drips_chunks(handler: Handler) -> bool:
    """Send a body in chunks of one byte."""
    return handler.drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n")


def drips_without_end(handler: Handler) -> bool:
    """Send a body that ends with the connection, which never does."""
    return handler.drip(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" ")


def loses_the_answer(handler: Handler) -> bool:
    """Do what was asked for, and say nothing."""
    if handler.path == _ISSUES:
        handler.github.open_issue(handler.given())
    elif handler.path.endswith("/comments"):
        number = int(handler.path.split("/")[-2])
        handler.github.issues[number - 1]["comments"].append({"body": handler.given()["body"]})
    return handler.hang_up()


def in_an_hour() -> str:
    return str(int(time.time()) + 3_600)
