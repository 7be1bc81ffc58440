"""How long it takes from an error to the moment when its client is refused, in the processes that `bin/up` starts.

Starts a platform of its own, and visits it from one address after another through a proxy that it trusts: the visitor
causes an error too many and asks, every few milliseconds, for a page until it is refused. Another visitor, who asks
all the time, must never be. Blame of routes is `any`, so that the one error of each visitor is the one too many.
"""

import argparse
import http.client
import os
import random
import re
import statistics
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.platform import start, stop, wait_until_ready

GOAL = 2.0
LIMIT = 30.0
POLL = 0.01
REFUSED = 429
_LIMIT_OF_ERRORS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench blocking", description=__doc__)
    parser.add_argument("--clients", type=int, default=60, help="visitors that are blocked (60)")
    chosen = parser.parse_args()
    os.environ |= {"TRUSTED_PROXIES": "127.0.0.1", "ENABLE_TEST_ERROR": "1", "MONITORING": '{"ROUTE_BLAME": "any"}'}
    with tempfile.TemporaryDirectory(prefix="enginel-blocking-") as folder:
        log = Path(folder, "log")
        process = start(Path(folder, "var"), log)
        try:
            wait_until_ready(process, log)
            return measure(port_of(log.read_text()), chosen.clients)
        finally:
            stop(process)


def port_of(printed: str) -> int:
    found = re.search(r"http://[^/:\s]+:(\d+)", printed)
    assert found, printed
    return int(found[1])


def measure(port: int, clients: int) -> int:
    chance, waits, over = random.Random(clients), [], threading.Event()
    answers: list[int] = []
    beside = threading.Thread(target=bystander, args=(port, answers, over))
    beside.start()
    try:
        for _ in range(_LIMIT_OF_ERRORS):
            fail(port, "198.51.100.1")
        for number in range(clients):
            time.sleep(chance.uniform(0.0, 1.5))
            waits.append(until_refused(port, f"203.0.113.{number + 1}"))
    finally:
        over.set()
        beside.join()
    found = [waited for waited in waits if waited is not None]
    quantiles = statistics.quantiles(found, n=100, method="inclusive")
    print(f"{'clients':>8} {'refused':>8} {'p50 s':>8} {'p95 s':>8} {'max s':>8} {'goal p95':>9}")
    times = f"{quantiles[49]:8.3f} {quantiles[94]:8.3f} {max(found):8.3f} {GOAL:9.1f}"
    print(f"{len(waits):8} {len(found):8} {times}")
    print(f"another client: {len(answers)} requests, {answers.count(REFUSED)} refused")
    return 0 if len(found) == clients and REFUSED not in answers else 1


def until_refused(port: int, client: str) -> float | None:
    began = time.perf_counter()
    fail(port, client)
    while visit(port, client) != REFUSED:
        if time.perf_counter() - began > LIMIT:
            return None
        time.sleep(POLL)
    return time.perf_counter() - began


def bystander(port: int, answers: list[int], over: threading.Event) -> None:
    while not over.wait(0.1):
        answers.append(visit(port, "192.0.2.1"))


def fail(port: int, client: str) -> int:
    return ask(port, client, "POST", "/api/test-error/", b"{}")


def visit(port: int, client: str) -> int:
    return ask(port, client, "GET", "/no/such/page/")


def ask(port: int, client: str, method: str, path: str, body: bytes | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        headers = {"X-Forwarded-For": client, "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    raise SystemExit(main())
