"""How long it takes from an error until its remedy took effect, in the processes that `bin/up` starts.

Each sample is a failed sign-in of a service that nobody has heard of, from a client of its own: a new group, a new
recovery, and one request throttle that every web process has acknowledged. The times are those of the platform's own
rows, from the error to the decision and to the effect, and, as its caller sees it, the answer of the failing request,
which waits for its recovery.
"""

import argparse
import http.client
import json
import os
import random
import re
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.platform import start, stop, wait_until_ready

GOALS = {"decided": 0.1, "took effect": 0.5, "answered": 1.0}
LIMIT = 20.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench recovering", description=__doc__)
    parser.add_argument("--samples", type=int, default=60, help="errors that are recovered from (60)")
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database; SQLite unless given")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="enginel-recovering-") as folder:
        os.environ |= {
            "ENABLE_TEST_ERROR": "1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "MONITORING": json.dumps(
                {"RECOVERY_STRATEGIES": ["request_throttle"], "RECOVERY_MOST": 10_000, "RECOVERY_EXPLORATION": 0.0}
            ),
        }
        log = Path(folder, "log")
        process = start(Path(folder, "var"), log, chosen.database)
        try:
            wait_until_ready(process, log)
            token = Path(folder, "var", "admin-token").read_text().strip()
            return measure(Caller(log.read_text(), token), chosen.samples)
        finally:
            stop(process)


class Caller:
    """Sends requests to the platform."""

    def __init__(self, printed: str, token: str) -> None:
        found = re.search(r"http://[^/:\s]+:(\d+)", printed)
        assert found, printed
        self._port, self._token = int(found[1]), token

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        known = {"Content-Type": "application/json", "Accept": "application/json"}
        sent = known | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, json.dumps(body) if body is not None else None, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return json.loads(text)

    def recovery_of(self, error_id: str) -> Any:
        """Wait until something took effect, and return the recovery and the time of its error."""
        ends = time.monotonic() + LIMIT
        bearer = {"Authorization": f"Bearer {self._token}"}
        while time.monotonic() < ends:
            found = self.ask("GET", f"/api/monitoring/recovery/?error_id={error_id}", **bearer)["results"]
            if found and found[0]["executed_at"]:
                return found[0], self.ask("GET", f"/api/monitoring/errors/{error_id}/", **bearer)
            time.sleep(0.05)
        return None


def measure(platform: Caller, samples: int) -> int:
    chance, missing = random.Random(samples), 0
    waits: dict[str, list[float]] = {name: [] for name in GOALS}
    for number in range(-1, samples):  # the first one is not measured: everything is loaded with it
        time.sleep(chance.uniform(0.2, 1.7))
        client = f"203.0.{113 + (number + 1) // 250}.{(number + 1) % 250 + 1}"
        began = time.perf_counter()
        answer = platform.ask(
            "POST",
            "/api/test-error/",
            {"error_type": "AuthenticationError"},
            X_Service=f"probe-{number + 1:06}",
            X_Forwarded_For=client,
        )
        answered = time.perf_counter() - began
        found = platform.recovery_of(answer["error"]["error_id"])
        if number < 0:
            continue
        if found is None:
            missing += 1
            continue
        recovery, error = found
        occurred = moment(error["timestamp"])
        waits["decided"].append(moment(recovery["decided_at"]) - occurred)
        waits["took effect"].append(moment(recovery["executed_at"]) - occurred)
        waits["answered"].append(answered)
    print(f"{'':12} {'samples':>9} {'p50 s':>8} {'p95 s':>8} {'max s':>8} {'goal p95':>9}")
    for name, found in waits.items():
        quantiles = statistics.quantiles(found, n=100, method="inclusive") if len(found) > 1 else [0.0] * 99
        times = f"{quantiles[49]:8.3f} {quantiles[94]:8.3f} {max(found, default=0.0):8.3f} {GOALS[name]:9.1f}"
        print(f"{name:12} {f'{len(found)}/{samples}':>9} {times}")
    return 0 if not missing else 1


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    raise SystemExit(main())
