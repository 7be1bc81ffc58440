"""Deciding who is blocked: finds who is over a limit in the database, asks the policy, and writes what it says.

Whoever runs it, how often and how many at once, comes to the same: what is decided already is left as it is, and what
a run that died had not committed, the next one decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import router, transaction
from django.db.models import Q

from monitoring.address import block_network, networks
from monitoring.component import Outage
from monitoring.conf import Config
from monitoring.error_rate import get_error_rate

from . import pending
from .admins.reader import acting_admins
from .allowed.models import AllowedNetwork
from .blocks import actions, history
from .blocks.history import NONE, Past
from .blocks.models import Block, BlockOrigin
from .blocks.writing import Decision, write
from .counting import reading, retention
from .counting.reading import Route, Tallies
from .counting.tally import Window, current_window
from .interruptions import reading as interruptions
from .networks import read
from .notices import planning
from .policy import Circumstances, Lasting, Outcome, judge
from .suspects import Case, View, cases, failing

_OFF = "off"
_OF_ERRORS = Q(origin=BlockOrigin.AUTO, withheld="", crossed__gt="")
"""Blocks that came from errors; what an outage explains does not speak for those that a rule asked for."""
_ONSET_SECONDS = 30
"""For so long a component may have been broken before it counts as unhealthy."""
_MOST_PATCHES = 20


@dataclass(frozen=True)
class Decided:
    """What a run has changed.

    Attributes:
        blocked: Clients that were blocked.
        lifted: Blocks that were ended, because what they came from was an outage.
        notices: Whether there are notices to send.
    """

    blocked: int = 0
    lifted: int = 0
    notices: bool = False


@dataclass(frozen=True)
class _Run:
    """What holds for everybody who is looked at in a run."""

    config: Config
    circumstances: Circumstances
    window: Window
    since: int
    now: datetime
    alias: str
    step: Callable[[str], None]


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps of a run."""


def decide(
    config: Config, outage: Outage, now: datetime | None = None, step: Callable[[str], None] = no_step
) -> Decided:
    """Block who is over a limit, if the policy says so. Call it outside of transactions.

    Args:
        config: This installation's settings.
        outage: How the components are without which requests fail.
        now: The current time.
        step: Called with the name of each step before it happens; tests end the process there.
    """
    now = now or datetime.now(UTC)
    alias = router.db_for_write(Block)
    step("sweep")
    actions.sweep(now)
    retention.prune(now, alias)
    window = current_window()
    interruptions.prune(now - timedelta(milliseconds=window.milliseconds), alias)
    if config.protection == _OFF:
        return Decided()
    step("lift")
    blind = interruptions.read(alias)
    lifted = _lift(outage, now, alias) + _lift_blind(blind, now, alias)
    ends = [ended for _, ended in blind] + ([outage.recovered] if outage.recovered is not None else [])
    since = max(map(_milliseconds, ends), default=0)
    step("read")
    over = reading.over(window, max(since, _milliseconds(now) - window.milliseconds), alias)
    if not over.clients and not over.routes:
        return Decided(lifted=lifted)
    run = _Run(config, _circumstances(config, outage, now, alias), window, since, now, alias, step)
    done = [_look(run, *page) for page in pending.pages(over, alias)]
    return Decided(sum(one.blocked for one in done), lifted, any(one.notices for one in done))


def _look(run: _Run, clients: Sequence[str], routes: Sequence[Route]) -> Decided:
    """Decide about some of those that may be over a limit."""
    config, now, alias, settings = run.config, run.now, run.alias, get_error_rate()
    tallies = reading.read(clients, routes, run.window, alias)
    past = history.read(tallies.clients, now, alias)
    later = {client: _milliseconds(one.ended) for client, one in past.items() if one.ended is not None}
    view = View(run.window, _milliseconds(now), run.since, later)
    lasting = Lasting(settings.ip_block_duration_seconds, config.block_escalation, config.block_max_seconds)
    decisions = select(cases(tallies, view), run.circumstances, past, lasting, run.window)
    asks = settings.codex_trigger_url and not run.circumstances.unhealthy
    patches = _patches(tallies, view) if asks else []
    if not decisions and not patches:
        return Decided()
    run.step("begin")
    with transaction.atomic(using=alias, durable=not config.eager):
        run.step("write the blocks")
        blocked, told = write(decisions, now, alias)
        run.step("plan the patches")
        asked = [planning.plan_patch(patch, now, alias) for patch in patches]
        run.step("commit")
    run.step("end")
    return Decided(blocked, notices=told or any(asked))


def select(
    found: Iterable[Case], circumstances: Circumstances, past: Mapping[str, Past], lasting: Lasting, window: Window
) -> list[Decision]:
    """Return what is new: one decision of each client at most, and none that stands already."""
    decisions: dict[str, Decision] = {}
    for case in found:
        client = str(case.suspect.network)
        before, verdict = past.get(client, NONE), judge(case.suspect, circumstances)
        if verdict.outcome is Outcome.NOTHING or before.blocked or (before.withheld and verdict.withheld):
            continue
        if client in decisions and (verdict.withheld is not None or decisions[client].withheld is None):
            continue
        decisions[client] = Decision(
            network=case.suspect.network,
            addresses=case.addresses,
            crossed=case.crossed,
            withheld=verdict.withheld,
            count=case.count,
            window=window.milliseconds // 1000,
            route=case.route,
            level=before.level,
            seconds=lasting.seconds(before.level),
            evidence=case.evidence,
        )
    return list(decisions.values())


def _lift(outage: Outage, now: datetime, alias: str) -> int:
    """End what was decided when a component may have been broken already, before that was known."""
    if outage.since is None:
        return 0
    began = outage.since - timedelta(seconds=_ONSET_SECONDS)
    rows = Block.objects.using(alias).filter(_OF_ERRORS, started__gte=began)
    return actions.end(rows, f"outage of {', '.join(sorted(outage.unhealthy))}", now)


def _lift_blind(blind: Iterable[tuple[datetime, datetime]], now: datetime, alias: str) -> int:
    """End what was decided during interruptions of the platform, before they were known."""
    rows = Block.objects.using(alias).filter(_OF_ERRORS, ended=None)
    return sum(actions.end(rows.filter(started__range=span), "interruption of the platform", now) for span in blind)


def _circumstances(config: Config, outage: Outage, now: datetime, alias: str) -> Circumstances:
    rows = AllowedNetwork.objects.using(alias).in_force(now).values_list("network", flat=True)
    listed = [network for text in rows if (network := read(text)) is not None]
    return Circumstances(
        mode=config.protection,
        blame=config.route_blame,
        unhealthy=outage.unhealthy,
        proxies=networks(config.trusted_proxies),
        allowed=[*networks(config.allowed_clients), *listed],
        admins=[block_network(address) for address in acting_admins(now)],
    )


def _patches(tallies: Tallies, view: View) -> list[planning.Failing]:
    """Return the routes that keep failing, in the order of their names."""
    found = [
        planning.Failing(
            route=route[1],
            count=tallies.get("", route).count(view.window, view.since, view.now),
            window_seconds=view.window.milliseconds // 1000,
            errors=tuple(UUID(one["error"]) for one in reversed(tallies.get("", route).samples) if one["error"]),
        )
        for route in failing(tallies, view)
    ]
    return sorted(found[:_MOST_PATCHES], key=lambda patch: patch.route)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
