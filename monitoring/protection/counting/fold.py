"""Turn columns of server errors into tallies, however many there are: by client, by route, and by both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from monitoring.address import block_network, parse
from monitoring.storage.folding import Columns, Scope

from .tally import SAMPLES, Key, Sample, Tally, Window

MOST_CLIENTS = 2_000
"""Clients that one drain tells apart, those with the most errors; of the others only the route counts."""
_OF_PAIR = 5
"""Errors of a client on one route that are kept with what led to them."""
NOT_COUNTED = "clients_not_counted"
"""The note of errors that counted for their route, but not for their client."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class _Errors:
    """Errors with numbers of their client (0 for none that is known) and their route."""

    columns: Columns
    clients: list[str]
    client: Array
    route: Array


def fold(columns: Columns, window: Window, scope: Scope) -> dict[Key, Tally]:
    """Return the tallies of some errors.

    Args:
        columns: Events of the kind `server_error`.
        window: What is a crossed limit.
        scope: Takes how many errors could not be counted for their client.
    """
    clients, client = _clients(columns, scope)
    route = columns.name.astype(np.int64)
    errors = _Errors(columns, clients, client, route)
    known = client > 0
    count = len(columns.names)
    found: dict[Key, Tally] = {}
    for number, tally in _group(errors, route, None, window, SAMPLES):
        found["", *columns.names[number]] = tally
    for number, tally in _group(errors, client, known, window, 0):
        found[clients[number], "", ""] = tally
    for number, tally in _group(errors, client * count + route, known, window, _OF_PAIR):
        found[clients[number // count], *columns.names[number % count]] = tally
    return found


def _clients(columns: Columns, scope: Scope) -> tuple[list[str], Array]:
    """Return the networks of clients, the first of which is none, and for each error the number of its client."""
    positions, place, counts = np.unique(columns.values["client"], return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable").tolist()
    numbers = np.zeros(len(positions), np.int64)
    known: dict[str, int] = {"": 0}
    for one in order:
        if len(known) > MOST_CLIENTS:
            scope.noted[NOT_COUNTED] += int(counts[one])
            continue
        numbers[one] = known.setdefault(_network(columns.names[positions[one]][1]), len(known))
    return list(known), numbers[place]


@lru_cache(maxsize=2 * MOST_CLIENTS)
def _network(client: str) -> str:
    """Return what a client is counted by; those who fail now fail again."""
    address = parse(client)
    return "" if address is None else str(block_network(address))


@lru_cache(maxsize=2 * MOST_CLIENTS)
def _address(client: str) -> str:
    address = parse(client)
    return "" if address is None else str(address)


def _group(
    errors: _Errors, key: Array, wanted: Array | None, window: Window, samples: int
) -> Iterator[tuple[int, Tally]]:
    """Yield the tally of each key among the errors of a mask."""
    chosen = np.arange(len(key)) if wanted is None else np.flatnonzero(wanted)
    if not len(chosen):
        return
    at = errors.columns.at
    chosen = chosen[np.lexsort((at[chosen], key[chosen]))]
    keys, times = key[chosen], at[chosen]
    seconds = times // 1000 // window.bucket * window.bucket
    other_key = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    runs = np.flatnonzero((keys[1:] != keys[:-1]) | (seconds[1:] != seconds[:-1])) + 1
    run_begins = np.concatenate(([0], runs))
    run_sizes = np.diff(np.concatenate((run_begins, [len(keys)])))
    begins = np.concatenate(([0], other_key))
    ends = np.concatenate((other_key, [len(keys)]))
    first_run = np.searchsorted(run_begins, begins)
    last_run = np.searchsorted(run_begins, ends)
    sample = _sampler(errors)
    for begin, end, first, last in zip(
        begins.tolist(), ends.tolist(), first_run.tolist(), last_run.tolist(), strict=True
    ):
        buckets = Counter(
            dict(zip(seconds[run_begins[first:last]].tolist(), run_sizes[first:last].tolist(), strict=True))
        )
        latest = chosen[max(begin, end - samples) : end].tolist() if samples else []
        recent = times[max(begin, end - window.kept) : end].tolist()
        yield int(keys[begin]), Tally(recent, buckets, [sample(position) for position in latest])


def _sampler(errors: _Errors) -> Callable[[int], Sample]:
    """Return what describes the error at a position."""
    names, values, at = errors.columns.names, errors.columns.values, errors.columns.at
    client, trace, user = values["client"], values["trace"], values["user"]
    code, high, low = values["code"], values["high"], values["low"]

    def describe(position: int) -> Sample:
        error = int(high[position]) << 64 | int(low[position])
        return {
            "at": int(at[position]),
            "client": _address(names[client[position]][1]),
            "status": int(code[position]),
            "trace": names[trace[position]][1],
            "user": names[user[position]][1],
            "error": f"{error:032x}" if error else "",
        }

    return describe
