"""How long it takes from an error to the message that somebody gets, in the processes that `bin/up` starts.

Starts a platform of its own, a mail server and a web server on loopback, and makes them channels of it. Each sample is
a critical error of a service that nobody has heard of: a new group, a new incident, one mail and one signed request.
Between two of them it waits for a moment that is not in step with the platform's own rhythm.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from benchmarks.platform import free_port, start, stop, wait_until_ready

GOAL = 3.0
LIMIT = 30.0
CHANNELS = ("mail", "webhook")
_NAME = re.compile(rb"probe-[0-9]{6}")


class Arrivals:
    """When which sample arrived where."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self.at: dict[tuple[str, str], float] = {}
        self.messages = dict.fromkeys(CHANNELS, 0)

    def note(self, channel: str, content: bytes) -> None:
        now = time.perf_counter()
        with self._condition:
            self.messages[channel] += 1
            for name in set(_NAME.findall(content)):
                self.at.setdefault((channel, name.decode()), now)
            self._condition.notify_all()

    def wait(self, name: str) -> bool:
        wanted = [(channel, name) for channel in CHANNELS]
        with self._condition:
            return self._condition.wait_for(lambda: all(one in self.at for one in wanted), LIMIT)


class MailHandler:
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self._arrivals.note("mail", envelope.content)
        return "250 OK"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench alerting", description=__doc__)
    parser.add_argument("--samples", type=int, default=60, help="errors that are alerted of (60)")
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; SQLite unless given")
    chosen = parser.parse_args()
    arrivals = Arrivals()
    with servers(arrivals) as (mail_port, web_port), tempfile.TemporaryDirectory(prefix="enginel-alerting-") as folder:
        os.environ |= {
            "ENABLE_TEST_ERROR": "1",
            "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "MONITORING": json.dumps({"OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.0/8"], "PROTECTION": "off"}),
        }
        log = Path(folder, "log")
        process = start(Path(folder, "var"), log, chosen.database)
        try:
            wait_until_ready(process, log)
            token = Path(folder, "var", "admin-token").read_text().strip()
            platform = Caller(log.read_text(), token)
            make_channels(platform, web_port)
            return measure(platform, arrivals, chosen.samples)
        finally:
            stop(process)


@contextmanager
def servers(arrivals: Arrivals) -> Iterator[tuple[int, int]]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrivals.note("webhook", self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    mail = Controller(MailHandler(arrivals), hostname="127.0.0.1", port=free_port())
    mail.start()
    web = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield mail.port, web.server_port
    finally:
        web.shutdown()
        mail.stop()


class Caller:
    """Sends requests to the platform as its administrator."""

    def __init__(self, printed: str, token: str) -> None:
        found = re.search(r"http://[^/:\s]+:(\d+)", printed)
        assert found, printed
        self._port, self._token = int(found[1]), token

    def post(self, path: str, body: Any, **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(body), sent | {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status < 500 or path.startswith("/api/test-error/"), text
        return answer.status


def make_channels(platform: Caller, web_port: int) -> None:
    path = "/api/monitoring/alerts/channels/"
    common = {"severities": ["critical"], "hourly_limit": 0}
    mail = {"name": "mail", "kind": "email", "settings": {"addresses": ["ops@example.com"]}, **common}
    settings = {"url": f"http://127.0.0.1:{web_port}/", "secret": "known to both of them"}
    hook = {"name": "hook", "kind": "webhook", "settings": settings, **common}
    assert [platform.post(path, one) for one in (mail, hook)] == [201, 201]


def measure(platform: Caller, arrivals: Arrivals, samples: int) -> int:
    chance, waits, missing = random.Random(samples), {channel: list[float]() for channel in CHANNELS}, 0
    for number in range(-1, samples):  # the first one is not measured: everything is loaded with it
        time.sleep(chance.uniform(0.2, 1.7))
        name = f"probe-{number + 1:06}"
        began = time.perf_counter()
        platform.post("/api/test-error/", {"error_type": "MemoryError"}, X_Service=name)
        arrived = arrivals.wait(name)
        if number < 0:
            continue
        missing += not arrived
        for channel in CHANNELS if arrived else ():
            waits[channel].append(arrivals.at[channel, name] - began)
    print(f"{'channel':10} {'arrived':>9} {'p50 s':>8} {'p95 s':>8} {'max s':>8} {'goal p95':>9}")
    for channel, found in waits.items():
        quantiles = statistics.quantiles(found, n=100, method="inclusive") if len(found) > 1 else [0.0] * 99
        times = f"{quantiles[49]:8.3f} {quantiles[94]:8.3f} {max(found, default=0.0):8.3f} {GOAL:9.1f}"
        print(f"{channel:10} {f'{len(found)}/{samples}':>9} {times}")
    print(f"messages in all: {arrivals.messages}")
    return 0 if not missing else 1


if __name__ == "__main__":
    raise SystemExit(main())
