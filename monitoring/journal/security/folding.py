"""Turn events into the rows of a minute, bounded whoever comes. Pure: no database in here."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network

from monitoring.address import block_network, parse
from monitoring.recording.events import TriedOf
from monitoring.recording.visits import what_hash
from monitoring.storage.folding import Columns

from .distinct import Distinct
from .models import MAX_SUBJECT, TriedMinute

Visited = dict[tuple[int, str], list[int]]
"""By minute and client: requests, missing, denied."""
Tried = dict[tuple[int, int, str, str], Distinct]
"""By minute, what was tried, whose row it is (`client` or `target`), and who or what that is."""
_MINUTE = 60_000
_BY_CLIENT = frozenset({TriedOf.PATH, TriedOf.PROBE, TriedOf.FAILED, TriedOf.SIGNED_IN, TriedOf.REFUSED, TriedOf.USED})
_BY_TARGET = frozenset({TriedOf.FAILED, TriedOf.USED})
_WIDE = {4: 16, 6: 32}


@lru_cache(maxsize=4_000)
def network_of(client: str) -> str:
    """Return what a client is counted by, as it would be blocked by it; empty for what is no address."""
    address = parse(client)
    return "" if address is None else str(block_network(address))


@lru_cache(maxsize=4_000)
def wide_network_of(client: str) -> str:
    """Return the wider network of a client: that of its provider, about."""
    address = parse(client)
    return "" if address is None else str(ip_network((address, _WIDE[address.version]), strict=False))


def fold_visits(columns: Columns) -> Visited:
    """Return what clients asked for, by minute."""
    found: Visited = {}
    values = columns.values
    rows = zip(
        columns.name.tolist(),
        (columns.at // _MINUTE).tolist(),
        values["requests"].tolist(),
        values["missing"].tolist(),
        values["denied"].tolist(),
        strict=True,
    )
    for name, minute, requests, missing, denied in rows:
        client = network_of(columns.names[name][1])
        if client:
            counts = found.setdefault((minute, client), [0, 0, 0])
            counts[0] += requests
            counts[1] += missing
            counts[2] += denied
    return found


def fold_tried(columns: Columns) -> Tried:
    """Return what clients tried, by minute: by who, and by what where many may be at the same."""
    found: Tried = {}
    values = columns.values
    rows = zip(
        columns.name.tolist(),
        (columns.at // _MINUTE).tolist(),
        values["of"].tolist(),
        values["what"].tolist(),
        values["count"].tolist(),
        strict=True,
    )
    for name, minute, of, position, count in rows:
        address, what = columns.names[name][1], columns.names[position][1][:MAX_SUBJECT]
        client = network_of(address)
        if not client or of not in _BY_CLIENT:
            continue
        mine = found.setdefault((minute, of, TriedMinute.CLIENT, client), Distinct())
        mine.see(what_hash(what), what, count)
        if of in _BY_TARGET:
            who = wide_network_of(address) if of == TriedOf.USED else client
            found.setdefault((minute, of, TriedMinute.TARGET, what), Distinct()).see(what_hash(who), who, count)
    return found
