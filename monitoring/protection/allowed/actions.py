"""What is decided about the allow-list. Allowing a network ends the blocks inside of it, in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import IntegrityError, router, transaction

from monitoring.forms import Network
from monitoring.protection.blocks import finding
from monitoring.protection.blocks.models import Block
from monitoring.protection.telling import tell
from monitoring.storage import trail

from .decisions import MOST
from .models import AllowedNetwork


class NotAllowedError(Exception):
    """The network cannot be put on the list; the message says why, to a person."""


def problem_of(network: Network) -> str | None:
    """Say why nobody may put a network on the list; None where somebody may."""
    if network.prefixlen == 0:
        return "That is everybody: MONITORING['PROTECTION'] switches the protection off."
    alias = router.db_for_write(AllowedNetwork)
    if AllowedNetwork.objects.using(alias).in_force(datetime.now(UTC)).count() >= MOST:
        return f"The list holds {MOST} networks already: end one first."
    return None


def allow(
    network: Network, comment: str, who: str, now: datetime, expires: datetime | None = None
) -> tuple[AllowedNetwork, int]:
    """Put a network on the list, or in the place of what there is of the same network.

    Args:
        network: Whose requests are not to be refused.
        comment: Why.
        who: Who decides it.
        now: The current time.
        expires: Until when; None for good.

    Returns:
        The entry, and how many blocks it ended.

    Raises:
        NotAllowedError: It would allow everybody, the list is full, or somebody else is just putting it there.
    """
    if problem := problem_of(network):
        raise NotAllowedError(problem)
    alias = router.db_for_write(AllowedNetwork)
    rows = AllowedNetwork.objects.using(alias)
    try:
        with transaction.atomic(using=alias):
            rows.filter(network=str(network), ended=None).update(ended=now, ended_by=who)
            row = rows.create(network=str(network), comment=comment, expires=expires, created=now, created_by=who)
            blocks = finding.inside(network, Block.objects.using(alias).in_force(now))
            ended = finding.end(blocks, f"{who}, allowing {network}", now)
            said = {"network": str(network), "comment": comment, "expires": expires, "unblocked": len(ended)}
            deed = trail.Deed("allowed_network.create", "allowed_network", str(row.pk), actor=who, details=said)
            trail.tell(deed, alias)
            tell(alias)
    except IntegrityError as error:
        raise NotAllowedError("Somebody else put it on the list just now.") from error
    return row, len(ended)


def disallow(pk: int, who: str, now: datetime) -> bool:
    """Take a network off the list; return whether it stood there until then."""
    alias = router.db_for_write(AllowedNetwork)
    standing = AllowedNetwork.objects.using(alias).filter(pk=pk, ended=None)
    with transaction.atomic(using=alias):
        ended = bool(standing.update(ended=now, ended_by=who))
        if ended:
            trail.tell(trail.Deed("allowed_network.end", "allowed_network", str(pk), actor=who), alias)
        tell(alias)
    return ended
