"""Blocks for every process to know, by the keys under which the clients of requests are looked up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.db import router
from django.db.models import Count

from monitoring.address import block_key
from monitoring.protection.networks import read
from monitoring.stream.decisions import Entry

from .models import Block, BlockQuerySet, BlockState

MOST = 100_000
"""Blocks that are told, the newest."""


def entries() -> dict[str, Entry]:
    """Return the clients that are refused. Each entry says itself when it is over."""
    found: dict[str, Entry] = {}
    rows = _active().order_by("-id").values_list("id", "network", "reason", "expires")
    for pk, text, reason, expires in rows[:MOST].iterator():
        if (network := read(text)) is not None:
            value = json.dumps({"id": pk, "reason": reason}, separators=(",", ":"))
            found[block_key(network)] = Entry(value, int(expires.timestamp() * 1000))
    return found


def lengths() -> dict[str, Entry]:
    """Return how many blocks there are of networks of each version and length."""
    versions = {"6": _active().filter(network__contains=":"), "4": _active().exclude(network__contains=":")}
    return {
        f"{version}:{prefix}": Entry(str(count))
        for version, rows in versions.items()
        for prefix, count in rows.order_by().values_list("prefix").annotate(count=Count("id"))
    }


def _active() -> BlockQuerySet:
    rows = Block.objects.using(router.db_for_write(Block))
    return rows.in_state(BlockState.ACTIVE, datetime.now(UTC))
