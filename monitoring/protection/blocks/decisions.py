"""Blocks for every process to know, by the keys under which the clients of requests are looked up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from django.db import router
from django.db.models import Count

from monitoring.address import block_key
from monitoring.conf import get_config
from monitoring.protection.networks import read
from monitoring.protection.policy import DRY_RUN
from monitoring.stream.decisions import Entry

from .models import Block, BlockQuerySet, BlockState, Withheld

MOST = 100_000
"""Blocks that are told, the newest."""


def entries() -> dict[str, Entry]:
    """Return the clients that are refused, in a dry run those that would be. Each entry says itself when it is over."""
    found: dict[str, Entry] = {}
    rows = _told().order_by("-id").values_list("id", "network", "reason", "expires")
    for pk, text, reason, expires in rows[:MOST].iterator():
        if (key := _key(text)) is not None:
            value = msgspec.json.encode({"id": pk, "reason": reason}).decode()
            found[key] = Entry(value, int(expires.timestamp() * 1000))
    return found


@lru_cache(maxsize=2 * MOST)
def _key(text: str) -> str | None:
    """Return under what a network is looked up. Of 100,000 blocks, reading each anew took most of the time."""
    network = read(text)
    return block_key(network) if network is not None else None


def lengths() -> dict[str, Entry]:
    """Return how many blocks there are of networks of each version and length."""
    versions = {"6": _told().filter(network__contains=":"), "4": _told().exclude(network__contains=":")}
    return {
        f"{version}:{prefix}": Entry(str(count))
        for version, rows in versions.items()
        for prefix, count in rows.order_by().values_list("prefix").annotate(count=Count("id"))
    }


def _told() -> BlockQuerySet:
    rows, now = Block.objects.using(router.db_for_write(Block)), datetime.now(UTC)
    if get_config().protection == DRY_RUN:  # processes count what they would refuse
        return rows.in_state(BlockState.WITHHELD, now).filter(withheld=Withheld.DRY_RUN, ended=None, expires__gt=now)
    return rows.in_state(BlockState.ACTIVE, now)
