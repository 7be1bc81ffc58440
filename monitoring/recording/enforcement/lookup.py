"""Under which keys a client is looked up among decisions about networks. What was worked out is kept by the text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import lru_cache

from monitoring.address import block_network, is_in, networks, parse
from monitoring.stream.decisions import Entry

_CACHED = 4_096
_BITS = {4: 32, 6: 128}


class Lengths:
    """Lengths of networks that decisions are about. Each is known by itself, and so costs nothing to look up by.

    Args:
        texts: Such as `4:32`; what is none is left out.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        read = [(text, *text.split(":")) for text in sorted(texts) if text.count(":") == 1]
        self.known = tuple(
            (text, int(version), int(length))
            for text, version, length in read
            if version in ("4", "6") and length.isdecimal() and int(length) <= _BITS[int(version)]
        )

    def __bool__(self) -> bool:
        return bool(self.known)


@lru_cache(maxsize=64)
def lengths(texts: frozenset[str]) -> Lengths:
    """Return the one object for these lengths."""
    return Lengths(texts)


def lengths_of(keys: Iterable[str]) -> Lengths:
    """Return the lengths of the networks that have these keys."""
    return lengths(frozenset(key.rpartition(":")[0] for key in keys))


@lru_cache(maxsize=_CACHED)
def keys_of(client: str, within: Lengths) -> tuple[str, ...]:
    """Return the keys of all networks of these lengths that a client is in, as `address.block_key` makes them.

    Args:
        client: Its address; a text that is none is in no network.
        within: Lengths of the networks.
    """
    address = parse(client)
    if address is None:
        return ()
    number, version, bits = int(address), address.version, address.max_prefixlen
    return tuple(f"{text}:{number >> (bits - length):x}" for text, its, length in within.known if its == version)


def first(held: Mapping[str, Entry], keys: Iterable[str]) -> Entry | None:
    """Return the first decision that is in force for one of these keys."""
    for key in keys:
        entry = held.get(key)
        if entry is not None and in_force(entry):
            return entry
    return None


def in_force(entry: Entry) -> bool:
    """Whether a decision has not ended."""
    return entry.expires is None or time.time() * 1000 < entry.expires


@lru_cache(maxsize=_CACHED)
def is_within(client: str, given: tuple[str, ...]) -> bool:
    """Whether a client is in one of these networks, as settings or throttles name them."""
    return is_in(parse(client), networks(given))


@lru_cache(maxsize=_CACHED)
def neighbourhood(client: str) -> str:
    """Return who shares a bucket with a client: who would be blocked with it, by IPv6 all of a customer's /64."""
    address = parse(client)
    if address is None or address.version == 4:
        return client
    return str(block_network(address))
