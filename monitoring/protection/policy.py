"""What becomes of a client that is over a limit: blocked, or not, and why. Pure functions over values.

A client is blocked for errors that are its own: it made most of those on the routes where it failed, while nothing was
broken that they could come from. Whoever must never be locked out is not, whatever they did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from monitoring.forms import Network

from .blocks.models import Crossed, Withheld

MAJORITY, ANY, OFF = "majority", "any", "off"
"""Whom a route that fails too often is held against: `ROUTE_BLAME`."""
ENFORCE, DRY_RUN = "enforce", "dry_run"
"""What becomes of it: `PROTECTION`, beside `off`."""


class Outcome(StrEnum):
    """What becomes of a client."""

    NOTHING = "nothing"
    WITHHELD = "withheld"
    BLOCK = "block"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a client, and why it is not blocked if it would have been."""

    outcome: Outcome
    withheld: Withheld | None = None


@dataclass(frozen=True)
class Suspect:
    """A client, and what it did since the last block of it ended, or the last outage.

    Attributes:
        network: By which it would be blocked.
        crossed: Which limit; None for none.
        own: Its errors within the window, on all routes.
        shared: Errors of all clients on these routes.
        on_route: Its errors on the route whose limit was crossed, if that is the limit.
        of_route: Errors of all clients there.
        latest: Whether the latest error there is its own.
    """

    network: Network
    crossed: Crossed | None
    own: int = 0
    shared: int = 0
    on_route: int = 0
    of_route: int = 0
    latest: bool = False


@dataclass(frozen=True)
class Circumstances:
    """What else counts.

    Attributes:
        mode: `PROTECTION`.
        blame: `ROUTE_BLAME`.
        unhealthy: Components without which requests fail, and that are unhealthy now.
        proxies: Trusted proxies.
        allowed: The allow-list.
        admins: From where staff members acted lately.
    """

    mode: str = ENFORCE
    blame: str = MAJORITY
    unhealthy: Collection[str] = ()
    proxies: Collection[Network] = ()
    allowed: Collection[Network] = ()
    admins: Collection[Network] = ()


def judge(suspect: Suspect, circumstances: Circumstances) -> Verdict:
    """Say what becomes of a client."""
    if suspect.crossed is None or not _is_blamed(suspect, circumstances.blame):
        return Verdict(Outcome.NOTHING)
    withheld = _withheld(suspect, circumstances)
    return Verdict(Outcome.BLOCK) if withheld is None else Verdict(Outcome.WITHHELD, withheld)


def _is_blamed(suspect: Suspect, blame: str) -> bool:
    """Whether a limit that was crossed is held against this client."""
    if suspect.crossed is Crossed.CLIENT:
        return True
    if blame == ANY:
        return suspect.latest
    return blame == MAJORITY and 2 * suspect.on_route > suspect.of_route


def _withheld(suspect: Suspect, circumstances: Circumstances) -> Withheld | None:
    exempt = (
        (Withheld.PROXY, circumstances.proxies),
        (Withheld.ALLOWED, circumstances.allowed),
        (Withheld.ADMIN, circumstances.admins),
    )
    for reason, networks in exempt:
        if _meets(suspect.network, networks):
            return reason
    if circumstances.unhealthy:
        return Withheld.UNHEALTHY
    # Who has `any` set wants the documented behaviour: the one with the last error is blocked, whoever made the others.
    documented = suspect.crossed is Crossed.ROUTE and circumstances.blame == ANY
    if not documented and 2 * suspect.own <= suspect.shared:
        return Withheld.SHARED
    return None if circumstances.mode == ENFORCE else Withheld.DRY_RUN


def _meets(network: Network, others: Iterable[Network]) -> bool:
    """Whether a block would hit anybody of these networks."""
    return any(network.version == other.version and network.overlaps(other) for other in others)


@dataclass(frozen=True)
class Lasting:
    """How long blocks last.

    Attributes:
        first: Seconds of the first one.
        factor: Each further one lasts so many times as long.
        most: Seconds that no further one exceeds, unless the first one does.
    """

    first: int
    factor: float = 1.0
    most: int = 86_400

    def seconds(self, level: int) -> int:
        """Return how long a block lasts before which there were so many, one after another."""
        longest, lasting = max(self.first, self.most), float(self.first)
        for _ in range(level):
            if lasting == longest or self.factor == 1.0:
                break
            lasting = min(lasting * self.factor, longest)
        return round(lasting)
