"""A client that the protection has blocked, or would have."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from monitoring.alerts.rules import forms, patterns
from monitoring.alerts.rules.forms import param
from monitoring.alerts.rules.kind import Kind, Query
from monitoring.alerts.rules.rule import Params
from monitoring.alerts.rules.samples import Result, Sample
from monitoring.protection.blocks.models import Block, BlockOrigin

_SHOWN = 10
_COLUMNS = ("network", "route", "reason", "started", "expires", "withheld")
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ClientBlocked(Params):
    """Which blocks."""

    outcome: str = param(
        forms.choice("blocked", "withheld"), "Whether clients are blocked, or would have been.", "blocked"
    )
    threshold: int = param(forms.whole(1, 10**6), "So many within the window are worth an alert.", 1)
    window_seconds: int = param(forms.seconds(), "For so long a block is told of; then the incident is over.", 3600)
    group_by: str = param(
        forms.choice("network", "route", "all"), "What is told of together: an attack has many addresses.", "network"
    )


def read(params: ClientBlocked, query: Query) -> Result:
    """Find the blocks by the protection itself that began in the window."""
    rows = Block.objects.filter(
        patterns.where("route", query.filters.route, patterns.METHOD),
        origin=BlockOrigin.AUTO,
        started__gte=query.events_from(params.window_seconds),
        started__lte=query.now,
    )
    chosen = rows.filter(withheld="") if params.outcome == "blocked" else rows.exclude(withheld="")
    found: dict[Labels, list[Block]] = defaultdict(list)
    for block in chosen.only(*_COLUMNS).order_by("-started", "-pk"):
        found[_labels(block, params.group_by)].append(block)
    return Result([_sample(key, found[key]) for key in sorted(found) if len(found[key]) >= params.threshold])


def _labels(block: Block, group_by: str) -> Labels:
    if group_by == "network":
        return (("network", block.network),)
    return (("route", block.route),) if group_by == "route" and block.route else ()


def _sample(key: Labels, blocks: list[Block]) -> Sample:
    latest = blocks[0]
    shown = [{"network": one.network, "route": one.route, "reason": one.reason} for one in blocks[:_SHOWN]]
    evidence = {
        "clients": ", ".join(dict.fromkeys(one.network for one in blocks[:_SHOWN])),
        "reason": latest.reason,
        "expires": latest.expires.isoformat(),
        "withheld": latest.withheld,
        "blocks": shown,
    }
    return Sample(dict(key), float(len(blocks)), len(blocks), evidence=evidence, event=True, again=True)


KIND = Kind(
    name="client_blocked",
    says="A client that the protection has blocked, or would have blocked.",
    params=ClientBlocked,
    read=read,
    summary="{clients}: {reason}",
    filters=frozenset({"route"}),
)
