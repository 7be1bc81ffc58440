"""Blocks that a rule asks for, for another reason than server errors. They are the protection's own.

Nobody is blocked whom the protection never blocks: trusted proxies, the allow-list, from where staff members act, this
machine itself; a dry run blocks nobody. Who would have been is kept, as ever, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction

from monitoring.address import block_network, networks
from monitoring.conf import Config
from monitoring.error_rate import get_error_rate
from monitoring.forms import Network
from monitoring.forms import network as read_network

from .admins.reader import acting_admins
from .allowed.models import AllowedNetwork
from .blocks import history
from .blocks.history import NONE
from .blocks.models import Block, Crossed
from .blocks.writing import Decision, write
from .networks import read
from .policy import Circumstances, Lasting, Outcome, Suspect, judge

_OFF = "off"
_OWN = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True)
class Ruling:
    """A client that a rule wants to be blocked.

    Attributes:
        client: Its network, in its canonical spelling.
        reason: Why, in words.
        count: Of how much that tells.
        window: Seconds in which that was.
        evidence: What is kept with the block, as plain JSON.
    """

    client: str
    reason: str
    count: int
    window: int
    evidence: dict[str, Any]


def allowed(now: datetime, alias: str) -> list[Network]:
    """Return the networks that people put on the allow-list."""
    rows = AllowedNetwork.objects.using(alias).in_force(now).values_list("network", flat=True)
    return [found for text in rows if (found := read(text)) is not None]


def block(rulings: Sequence[Ruling], config: Config, now: datetime | None = None) -> set[str]:
    """Block clients, unless the protection never blocks them.

    Args:
        rulings: One of each client at most.
        config: This installation's settings.
        now: The current time.

    Returns:
        The clients that are blocked now, by this or already.
    """
    if config.protection == _OFF or not rulings:
        return set()
    now, alias, settings = now or datetime.now(UTC), router.db_for_write(Block), get_error_rate()
    circumstances = Circumstances(
        mode=config.protection,
        proxies=networks((*config.trusted_proxies, *_OWN)),
        allowed=[*networks(config.allowed_clients), *allowed(now, alias)],
        admins=[block_network(address) for address in acting_admins(now)],
    )
    lasting = Lasting(settings.ip_block_duration_seconds, config.block_escalation, config.block_max_seconds)
    past = history.read([one.client for one in rulings], now, alias)
    decisions = []
    for one in _readable(rulings):
        suspect = Suspect(one[1], Crossed.CLIENT, own=1)
        verdict, level = judge(suspect, circumstances), past.get(one[0].client, NONE).level
        if verdict.outcome is not Outcome.NOTHING:
            decisions.append(_decision(one[0], one[1], verdict.withheld, level, lasting.seconds(level)))
    with transaction.atomic(using=alias):
        write(decisions, now, alias)
        standing = Block.objects.using(alias).in_force(now).filter(network__in=[one.client for one in rulings])
        return set(standing.values_list("network", flat=True))


def _readable(rulings: Iterable[Ruling]) -> Iterable[tuple[Ruling, Network]]:
    return ((one, found) for one in rulings if (found := read_network(one.client)) is not None)


def _decision(ruling: Ruling, network: Network, withheld: Any, level: int, seconds: int) -> Decision:
    alone = network.prefixlen == network.max_prefixlen
    return Decision(
        network=network,
        addresses=(str(network.network_address),) if alone else (),
        crossed=None,
        withheld=withheld,
        count=ruling.count,
        window=ruling.window,
        route="",
        level=level,
        seconds=seconds,
        evidence=ruling.evidence,
        because=ruling.reason,
    )
