"""The blocks that a network has to do with: which they are, and ending them, however many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import router

from monitoring.forms import Network
from monitoring.protection.networks import read

from . import actions
from .actions import covering
from .models import Block, BlockQuerySet

_CHUNK = 500


def inside(network: Network, rows: BlockQuerySet) -> list[int]:
    """Return the ids of the blocks of a network and of all that lie in it.

    Args:
        network: Where they are looked for.
        rows: The blocks among which they are.
    """
    rows = rows.filter(prefix__gte=network.prefixlen)
    if network.prefixlen == network.max_prefixlen:
        return list(rows.filter(network=str(network)).values_list("pk", flat=True))
    rows = rows.filter(network__contains=":") if network.version == 6 else rows.exclude(network__contains=":")
    return [pk for pk, text in rows.values_list("pk", "network").iterator() if _lies_in(text, network)]


def touching(network: Network, now: datetime) -> list[int]:
    """Return the ids of the blocks in force that refuse somebody of a network: of it, around it, and inside of it."""
    around = covering(network).in_force(now)
    active = Block.objects.using(around.db).in_force(now)
    return sorted({*around.values_list("pk", flat=True), *inside(network, active)})


def end(pks: Sequence[int], who: str, now: datetime) -> list[str]:
    """End blocks that are in force.

    Args:
        pks: Which ones.
        who: Who ends them.
        now: The current time.

    Returns:
        The networks whose blocks were in force until then.
    """
    rows, ended = Block.objects.using(router.db_for_write(Block)), list[str]()
    for first in range(0, len(pks), _CHUNK):
        part = rows.filter(pk__in=pks[first : first + _CHUNK])
        networks = list(part.in_force(now).order_by("pk").values_list("network", flat=True))
        if actions.end(part, who, now):
            ended += networks
    return ended


def _lies_in(text: str, network: Network) -> bool:
    found = read(text)
    return found is not None and found.version == network.version and network.supernet_of(found)  # type: ignore[arg-type]
