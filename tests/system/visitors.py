"""Visitors of a platform, each from an address of its own, through the proxy that the platform trusts."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .platform import Platform


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


PROXY = "127.0.0.1"


@dataclass(frozen=True)
class Visitor:
    """Somebody who comes from an address; without one, somebody on the platform's own machine."""

    platform: Platform
    address: str = ""

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Send a request, over a connection of its own; the proxy adds whom it has it from to what the client says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.platform.port, 30)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            if self.address:
                sent["X-Forwarded-For"] = ", ".join(filter(None, [sent.get("X-Forwarded-For"), self.address]))
            connection.request(method, path, body or None, sent)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.headers), answer.read().decode())
        finally:
            connection.close()

    def fail(self) -> int:
        """Cause an error; return the status of the answer."""
        return self.ask("POST", "/api/test-error/", b"{}", Content_Type="application/json").status

    def visit(self, **headers: str) -> Reply:
        """Ask for a page that is not there, which is nobody's fault."""
        return self.ask("GET", "/no/such/page/", **headers)
