"""The verdict on a request, by what is decided: one process, one thread, nothing else."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from monitoring.conf import get_config
from monitoring.recording.client import client_address
from monitoring.recording.decisions import copy
from monitoring.recording.enforcement.verdict import verdict
from monitoring.stream.decisions import Entry

CLIENTS = 200
_HOUR = 3_600_000
Request = dict[str, Any]

REQUESTS: list[Request] = [
    {
        "REMOTE_ADDR": "10.0.0.1",
        "HTTP_X_FORWARDED_FOR": f"9.8.7.{number}" if number % 4 else f"2001:db8:0:{number:x}::1",
        "HTTP_AUTHORIZATION": f"Bearer {number:064x}",
    }
    for number in range(CLIENTS)
]
"""From behind a trusted proxy, every fourth by IPv6."""


def route_of(_: Request) -> str:
    return "GET api/designs/<uuid:pk>/"


def authorization_of(request: Request) -> str:
    return str(request["HTTP_AUTHORIZATION"])


def throttle(**given: Any) -> str:
    """A throttle that refuses nobody."""
    told = {"scope": "all", "match": "*", "rate": 1e6, "burst": 1_000_000, "per": "client", "reason": ""}
    return json.dumps(told | given)


CASES: dict[str, tuple[int, list[str]]] = {
    "nothing is blocked": (0, []),
    "1 network": (1, []),
    "100,000 networks": (100_000, []),
    "100,000, a throttle by client": (100_000, [throttle()]),
    "100,000, a throttle by token": (100_000, [throttle(per="token")]),
    "100,000, a throttle of a route": (100_000, [throttle(scope="route", match="api/*")]),
    "100,000, 100 throttles of others": (
        100_000,
        [throttle(scope="client", match=f"77.{number}.0.0/16") for number in range(100)],
    ),
}


def decide(blocked: int, throttles: list[str]) -> None:
    """Have this process hold these decisions: half of the networks are of IPv6."""
    ends = int(time.time() * 1000) + _HOUR
    keys = [f"4:32:{(11 << 24) + n:x}" if n % 2 else f"6:64:{(0x2A00 << 48) + n:x}" for n in range(blocked)]
    copy.take(
        {
            "block": {key: Entry('{"id":1,"reason":"6 server errors within 600 s"}', ends) for key in keys},
            "block_length": dict.fromkeys({key.rpartition(":")[0] for key in keys}, Entry("1")),
            "throttle": {str(number): Entry(value) for number, value in enumerate(throttles)},
            "allow": {"4:16:c0a8": Entry("1")},
            "protection": {"mode": Entry("enforce")},
        }
    )


def nothing() -> None:
    for _ in REQUESTS:
        pass


def address_alone() -> None:
    for request in REQUESTS:
        client_address(request)


def whole() -> None:
    for request in REQUESTS:
        verdict(client_address(request), request, route_of, authorization_of)


def report(blocks: int, repeats: int) -> None:
    """Measure, and print a table.

    Args:
        blocks: Blocks of requests that are timed, each by itself.
        repeats: Times that a block goes through all requests.
    """
    assert not get_config().eager
    print(f"\nverdict on a request, its client's address included (µs; {CLIENTS} clients in turn, one thread)")
    print(f"{'':34} {'median':>8} {'quartiles':>15} {'quiet':>8}")
    _row("the loop alone", nothing, blocks, repeats)
    _row("the client's address alone", address_alone, blocks, repeats)
    for title, (blocked, throttles) in CASES.items():
        decide(blocked, throttles)
        _row(title, whole, blocks, repeats)
    copy.reset()


def _row(title: str, run: Callable[[], None], blocks: int, repeats: int) -> None:
    run()
    taken = []
    for _ in range(blocks):
        start = time.thread_time_ns()
        for _ in range(repeats):
            run()
        taken.append((time.thread_time_ns() - start) / repeats / CLIENTS / 1000)
    low, middle, high = statistics.quantiles(taken, n=4)
    print(f"{title:34} {middle:8.2f} {f'{low:.2f} … {high:.2f}':>15} {sorted(taken)[len(taken) // 10]:8.2f}")
