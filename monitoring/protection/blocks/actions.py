"""What is decided about blocks by people. Who ends one that has ended already changes nothing."""

from __future__ import annotations

from datetime import datetime

from django.db import router, transaction
from django.db.models import F

from monitoring.forms import Network
from monitoring.protection.telling import tell
from monitoring.storage import trail

from .models import MAX_REASON, MAX_WHO, Block, BlockOrigin, BlockQuerySet

_TOLD = 50
"""Networks that an entry of the journal names."""


def block(
    network: Network, until: datetime, reason: str, who: str, now: datetime, origin: str = BlockOrigin.MANUAL
) -> Block:
    """Refuse a network's requests. A block that it has is ended: this one takes its place.

    Args:
        network: Of any length.
        until: From then on it is over.
        reason: Why, in words.
        who: Who decides it.
        now: The current time.
        origin: Whether it came over the API, or from the admin pages or a command.
    """
    alias = router.db_for_write(Block)
    made = Block(
        network=str(network),
        prefix=network.prefixlen,
        addresses=[str(network.network_address)] if network.prefixlen == network.max_prefixlen else [],
        origin=origin,
        reason=reason[:MAX_REASON],
        started=now,
        expires=until,
        created_by=who[:MAX_WHO],
    )
    with transaction.atomic(using=alias):
        sweep(now)
        end(Block.objects.using(alias).filter(network=made.network, withheld=""), who, now)
        made.save(using=alias, force_insert=True)
        details = {"network": made.network, "until": until, "reason": made.reason, "origin": str(origin)}
        trail.tell(trail.Deed("block.create", "block", str(made.pk), actor=who, details=details), alias)
        tell(alias)
    return made


def end(blocks: BlockQuerySet, who: str, now: datetime) -> int:
    """End blocks before their time, and return how many; those that are over are left as they are.

    What their clients did until now is not held against them again.

    Args:
        blocks: Rows of the database that is written to.
        who: Who, or what, ends them.
        now: The current time.
    """
    with transaction.atomic(using=blocks.db):
        ended = blocks.filter(ended=None, expires__gt=now).update(ended=now, ended_by=who[:MAX_WHO])
        if ended:
            _tell_of_ended(blocks.filter(ended=now, ended_by=who[:MAX_WHO]), ended, who)
            tell(blocks.db)
    return ended


def _tell_of_ended(blocks: BlockQuerySet, number: int, who: str) -> None:
    """Tell who ended blocks: of all at once, and of the first by name, as they may be very many."""
    first = list(blocks.order_by("pk").values_list("pk", "network")[:_TOLD])
    details = {"number": number, "networks": [network for _, network in first]}
    target = str(first[0][0]) if number == 1 and first else ""
    trail.tell(trail.Deed("block.lift", "block", target, actor=who, details=details), blocks.db)


def sweep(now: datetime) -> int:
    """Note of the blocks whose time has passed that they are over; return of how many."""
    rows = Block.objects.using(router.db_for_write(Block)).filter(ended=None, expires__lte=now)
    return rows.update(ended=F("expires"))


def covering(network: Network) -> BlockQuerySet:
    """Return the blocks, whatever their state, of a network (which may be a single address) and of those around it."""
    around = [str(network.supernet(new_prefix=length)) for length in range(network.prefixlen + 1)]
    return Block.objects.using(router.db_for_write(Block)).filter(network__in=around)
