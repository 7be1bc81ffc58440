"""The sample workload of `bin/up --demo`: good, slow and failing requests and tasks, at a gentle rate, for ever.

Fast for the first half minute, so that a newcomer sees numbers at once; slow afterwards, so that it can run for days.
"""

import itertools
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher.console import say
from launcher.step_text import assembly

_EAGER_SECONDS = 30.0
_EAGER_PAUSE = 0.4
_CALM_PAUSE = 3.0
_LARGE_PARTS = 600


@dataclass(frozen=True)
class Call:
    """One request of the workload."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""


class Client:
    """Sends calls to one platform, as its administrator."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._token = token
        # A proxy of the environment must not see what goes to this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send(self, call: Call) -> int:
        """Send one call and return the status; failing is part of the workload."""
        headers = {"Authorization": f"Bearer {self._token}"}
        if call.content_type:
            headers["Content-Type"] = call.content_type
        data = call.body if call.method == "POST" else None
        request = urllib.request.Request(self._base + call.path, data=data, headers=headers, method=call.method)
        try:
            with self._opener.open(request, timeout=30) as answer:
                answer.read()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                error.read()
                return error.code


def upload(name: str, content: str) -> Call:
    """Return the upload of one CAD file."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = f"{head}Content-Type: application/octet-stream\r\n\r\n{content}\r\n--{boundary}--\r\n"
    return Call("POST", "/api/designs/upload/", body.encode(), f"multipart/form-data; boundary={boundary}")


def workload(chance: random.Random) -> Iterator[Call]:
    """Yield calls for ever. Each round holds every kind once, so that no page stays empty for long."""
    for number in itertools.count(1):
        yield upload(f"bracket-{number}.step", assembly(f"Bracket {number}", chance.randint(2, 8)))
        yield Call("GET", "/api/designs/")
        yield Call("GET", "/api/series/")
        yield upload(f"broken-{number}.step", "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((\n")
        yield Call("GET", f"/api/designs/{uuid.UUID(int=chance.getrandbits(128), version=4)}/")
        yield Call("GET", "/api/monitoring/performance/")
        yield _provoked_error(chance)
        yield Call("GET", f"/no/such/page/{chance.randint(1, 1000)}/")
        yield Call("GET", "/api/monitoring/dashboard/")
        if number % 10 == 1:
            yield upload(f"plant-{number}.step", assembly(f"Plant {number}", _LARGE_PARTS))


def _provoked_error(chance: random.Random) -> Call:
    kind = chance.choice(["DatabaseError", "TimeoutError", "ConnectionError", "ServiceUnavailableError"])
    return Call("POST", "/api/test-error/", json.dumps({"error_type": kind}).encode(), "application/json")


def _wait_for_token(path: Path) -> str:
    while not path.exists():
        time.sleep(0.1)
    return path.read_text().strip()


def _sent(client: Client, call: Call) -> bool:
    try:
        client.send(call)
    except (urllib.error.URLError, OSError):
        return False
    return True


def main() -> int:
    """Send the workload until stopped."""
    client = Client(os.environ["DEMO_URL"], _wait_for_token(Path(os.environ["DEMO_TOKEN_FILE"])))
    began, answering = 0.0, False
    for call in workload(random.Random()):
        while not _sent(client, call):
            # The web process starts, or starts again; the workload goes on where it was.
            answering = False
            time.sleep(0.2)
        if not answering:
            began, answering = time.monotonic(), True
            say("demo: the sample workload runs")
        eager = time.monotonic() - began < _EAGER_SECONDS
        time.sleep(_EAGER_PAUSE if eager else _CALM_PAUSE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
