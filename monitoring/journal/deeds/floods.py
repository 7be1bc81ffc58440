"""What somebody tries again and again, told of ever more rarely: the first of a minute one by one, then by doubling.

So a storm of guesses costs the journal some entries a minute: each entry says how many it stands for. What comes after
the last doubling of a minute is told by no entry; the security watch counts all of it.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from ipaddress import ip_address

from monitoring.address import block_network
from monitoring.recording.recorder import recorder

_SINGLE, _MOST = 8, 5_000
"""So many of one client are told one by one in a minute; of a kind, so many are looked at in a minute and process."""


def stands_for(kind: Hashable, client: str, now: int) -> int:
    """Return how many the entry of this one stands for, itself included; 0 where another will tell of it.

    Args:
        kind: What is tried again and again.
        client: Address of who tries; all of a network that one customer is given count as one.
        now: Nanoseconds since the epoch.
    """
    if recorder.limiter.count(("journal", kind), now) > _MOST:
        return 0
    seen = recorder.limiter.count(("journal", kind, _network(client)), now)
    if seen <= _SINGLE:
        return 1
    return seen // 2 if seen & (seen - 1) == 0 else 0


@lru_cache(maxsize=2_000)
def _network(client: str) -> str:
    try:
        return str(block_network(ip_address(client)))
    except ValueError:
        return client
