"""What people do about blocks, the same over HTTP, in the admin pages and on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, router, transaction

from monitoring import address
from monitoring.conf import get_config
from monitoring.error_rate import get_error_rate
from monitoring.forms import Network
from monitoring.protection.admins.reader import acting_admins
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks import actions, finding, totals
from monitoring.protection.blocks.models import Block, BlockQuerySet
from monitoring.protection.networks import read, shown
from monitoring.protection.notices import planning

from .refusals import Ground, client, refusal


class NotBlockedError(Exception):
    """A network is not blocked; the message says why, to a person."""


def longest() -> int:
    """Return how many seconds a block may last: as long as one that the protection makes."""
    return max(get_config().block_max_seconds, get_error_rate().ip_block_duration_seconds)


def ground(meta: dict[str, Any], now: datetime) -> Ground:
    """Return what a block that somebody asks for must not meet.

    Args:
        meta: `META` of the request it is asked for by.
        now: The current time.
    """
    config = get_config()
    rows = AllowedNetwork.objects.using(router.db_for_write(AllowedNetwork)).in_force(now)
    listed = (read(text) for text in rows.values_list("network", flat=True))
    proxies = address.networks(config.trusted_proxies)
    return Ground(
        own=address.client_of(meta, proxies),
        mode=config.protection,
        proxies=proxies,
        allowed=(*address.networks(config.allowed_clients), *(one for one in listed if one is not None)),
        admins=acting_admins(now),
    )


def block(network: Network, seconds: int, reason: str, who: str, origin: str, within: Ground) -> Block:
    """Refuse a network's requests for some time, in the place of a block that it has.

    Args:
        network: A single address of IPv6 stands for its /64.
        seconds: For how long.
        reason: Why, in words.
        who: Who decides it.
        origin: Whence it came.
        within: What it must not meet.

    Raises:
        NotBlockedError: It meets that, or somebody else is just blocking it.
    """
    network = client(network)
    if problem := refusal(network, within):
        raise NotBlockedError(problem)
    now, alias = datetime.now(UTC), router.db_for_write(Block)
    try:
        with transaction.atomic(using=alias):
            row = actions.block(network, now + timedelta(seconds=seconds), reason, who, now, origin)
            totals.add({totals.OF_ORIGIN[origin]: 1}, alias)
            planning.plan_block(_notice(row), alias)
    except IntegrityError as error:
        raise NotBlockedError("Somebody else blocked it just now.") from error
    return row


def unblock(network: Network, who: str) -> list[str]:
    """End every block that refuses somebody of a network; return the networks of those blocks."""
    now = datetime.now(UTC)
    return finding.end(finding.touching(network, now), who, now)


def unblock_all(who: str) -> int:
    """End every block; return how many there were."""
    return actions.end(rows(), who, datetime.now(UTC))


def unblock_one(pk: int, who: str) -> bool:
    """End one block; return whether it was in force until then."""
    return bool(actions.end(rows().filter(pk=pk), who, datetime.now(UTC)))


def rows() -> BlockQuerySet:
    """Return the blocks, where they are written; those that were withheld are none."""
    return Block.objects.using(router.db_for_write(Block)).filter(withheld="")


def _notice(row: Block) -> planning.Blocked:
    reason = f"{row.created_by}: {row.reason}" if row.reason else f"{row.created_by} decided it."
    subject = shown(row.network)
    return planning.Blocked(row.pk, subject, 0, 0, row.started, row.expires, reason)
