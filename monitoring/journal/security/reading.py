"""Reading what clients did within the window, of those alone about whom something may be found: in six queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Sum

from monitoring.address import is_in, networks
from monitoring.conf import Config
from monitoring.forms import Network, network
from monitoring.recording.events import TriedOf

from .distinct import Distinct, unpack
from .judging import PROBE_COUNTS, Activity, Hit
from .kinds import WINDOW_MINUTES, Limits
from .models import PatternHit, TriedMinute, VisitMinute

MOST = 1_000
"""Clients that one run looks at, those with the most of each kind of evidence."""
MOST_HITS = 200
"""Hits of one client that are looked at."""
_OWN = ("127.0.0.0/8", "::1/128", "::/128", "0.0.0.0/32")


def limits_of(config: Config) -> Limits:
    """Return from what on something is evidence, by the settings."""
    return Limits(
        requests=config.security_requests_per_minute,
        paths=config.security_missing_paths,
        accounts=config.security_failed_accounts,
        clients=config.security_failed_accounts,
        tokens=config.security_refused_tokens,
        networks=config.security_token_networks,
    )


class Reading:
    """The rows of the window.

    Args:
        limits: From what on something is evidence.
        config: This installation's settings.
        listed: Networks on the allow-list, beside those of the settings.
        now: When the window ends.
        alias: The database.
    """

    def __init__(self, limits: Limits, config: Config, listed: Collection[Network], now: datetime, alias: str) -> None:
        self.limits, self.alias = limits, alias
        self.minute = int(now.timestamp()) // 60
        self._shared = networks((*config.trusted_proxies, *_OWN))
        self._known = (*networks(config.allowed_clients), *listed)
        self._visits = VisitMinute.objects.using(alias).filter(minute__gt=self.minute - WINDOW_MINUTES)
        self._tried = TriedMinute.objects.using(alias).filter(minute__gt=self.minute - WINDOW_MINUTES)
        self._hits = PatternHit.objects.using(alias).filter(at__gt=now - timedelta(minutes=WINDOW_MINUTES))

    def activities(self) -> list[Activity]:
        """Return what those clients did about whom something may be found."""
        clients = sorted({*self._busy(), *self._trying(), *self._hitting()})
        requests: dict[str, dict[int, int]] = defaultdict(dict)
        missing: dict[str, int] = defaultdict(int)
        denied: dict[str, int] = defaultdict(int)
        summed = self._visits.filter(client__in=clients).values("client", "minute")
        for row in summed.annotate(all=Sum("requests"), gone=Sum("missing"), no=Sum("denied")).order_by():
            requests[row["client"]][row["minute"]] = row["all"]
            missing[row["client"]] += row["gone"]
            denied[row["client"]] += row["no"]
        tried: dict[str, dict[int, Distinct]] = defaultdict(dict)
        for (of, subject), one in self._distinct(TriedMinute.CLIENT, clients).items():
            tried[subject][of] = one
        hits: dict[str, list[Hit]] = defaultdict(list)
        rows = self._hits.filter(client__in=clients).order_by("-weight", "pk")
        columns = rows.values_list("client", "pattern", "weight", "what", "example")
        for client, pattern, weight, what, example in columns[: MOST * MOST_HITS]:
            if len(hits[client]) < MOST_HITS:
                hits[client].append(Hit(pattern, weight, what, example))
        return [
            Activity(
                client,
                requests.get(client, {}),
                missing[client],
                denied[client],
                tried[client],
                hits[client],
                shared=self._is_in(client, self._shared),
                known=self._is_in(client, self._known),
            )
            for client in clients
        ]

    def targets(self) -> list[tuple[TriedOf, str, Distinct]]:
        """Return the accounts and tokens that many may be at, with who that is."""
        least = min(self.limits.clients, self.limits.networks)
        rows = self._tried.filter(by=TriedMinute.TARGET).values("subject").annotate(all=Sum("count"))
        wanted = list(rows.filter(all__gte=least).order_by("-all").values_list("subject", flat=True)[:MOST])
        found = self._distinct(TriedMinute.TARGET, wanted)
        return [(TriedOf(of), subject, who) for (of, subject), who in sorted(found.items())]

    def _busy(self) -> list[str]:
        rows = self._visits.values("client", "minute").annotate(all=Sum("requests")).order_by("-all")
        return list(rows.filter(all__gt=self.limits.requests).values_list("client", flat=True)[:MOST])

    def _trying(self) -> list[str]:
        found: list[str] = []
        least = {
            TriedOf.PATH: self.limits.paths // 2,
            TriedOf.PROBE: self.limits.paths // (2 * PROBE_COUNTS),
            TriedOf.FAILED: min(self.limits.accounts, self.limits.attempts),
            TriedOf.REFUSED: self.limits.tokens,
        }
        for of, number in least.items():
            rows = self._tried.filter(by=TriedMinute.CLIENT, of=of).values("subject").annotate(all=Sum("count"))
            found += rows.filter(all__gte=number).order_by("-all").values_list("subject", flat=True)[:MOST]
        return found

    def _hitting(self) -> list[str]:
        rows = self._hits.values("client").annotate(all=Sum("weight")).order_by("-all")
        return list(rows.values_list("client", flat=True)[:MOST])

    def _distinct(self, by: str, subjects: Collection[str]) -> dict[tuple[int, str], Distinct]:
        found: dict[tuple[int, str], Distinct] = {}
        rows = self._tried.filter(by=by, subject__in=subjects).order_by("minute", "shard")
        columns = rows.values_list("of", "subject", "count", "distinct", "examples")
        for of, subject, count, hashes, examples in columns:
            found.setdefault((of, subject), Distinct()).add(unpack(count, bytes(hashes), examples))
        return found

    @staticmethod
    def _is_in(client: str, within: Collection[Network]) -> bool:
        found = network(client)
        return found is not None and is_in(found.network_address, within)
