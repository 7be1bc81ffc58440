"""The allow-list for every process to know."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router

from monitoring.address import block_key
from monitoring.protection.networks import read
from monitoring.stream.decisions import Entry

from .models import AllowedNetwork

MOST = 10_000
"""Networks that are told, the newest; a list over HTTP takes no more either."""


def entries() -> dict[str, Entry]:
    """Return the networks whose requests are never refused, by the key under which blocks are looked up."""
    rows = AllowedNetwork.objects.using(router.db_for_write(AllowedNetwork)).in_force(datetime.now(UTC))
    found: dict[str, Entry] = {}
    for pk, text, expires in rows.order_by("-pk").values_list("pk", "network", "expires")[:MOST]:
        if (network := read(text)) is not None:
            found[block_key(network)] = Entry(str(pk), None if expires is None else int(expires.timestamp() * 1000))
    return found
