"""What makes a finding of what a client did, and how sure that is. Pure functions over values.

Confidence is a number from 0 to 1 that grows with how far a limit was exceeded, `1 - limit / (2 * value)`, which is
0.5 at the limit; where others may stand behind the same address it is multiplied with the part of what was seen that
went wrong. Of patterns it is the chance that at least one hit is what it looks like: `1 - product(1 - weight)`, each
distinct hit once, and at most 0.85 for one or two: a link that somebody else has placed may be behind them. Nothing
below 0.5 is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from monitoring.recording.attacks import COMMAND, SCRIPT, SQL, TEMPLATE, TOOL, TRAVERSAL
from monitoring.recording.events import TriedOf

from .distinct import Distinct
from .kinds import WINDOW_MINUTES, Kind, Limits

LEAST = 0.5
PROBE_COUNTS = 3
_RATE_MINUTES, _RATE_OVER = 5, 3
_EXAMPLES = 5
_ENOUGH, _FEW = 3, 0.85
"""So many distinct requests it takes to be surer than that: one may be a link that somebody else has placed."""
_SURE = 0.999


@dataclass(frozen=True)
class Hit:
    """A request that looked like an attack.

    Attributes:
        pattern: The kind of attack, as in `recording.patterns`.
        weight: How much it says.
        what: By which the same one is known.
        example: In words.
    """

    pattern: str
    weight: float
    what: int
    example: str


@dataclass(frozen=True)
class Activity:
    """What one client did within the window.

    Attributes:
        client: Its network.
        requests: By the minute.
        missing: Requests for what is not there.
        denied: Requests that were answered with 401 or 403.
        tried: Distinct things by what they are.
        hits: What looked like attacks.
        shared: Whether many stand behind this address: it is a trusted proxy's, or this machine's.
        known: Whether it is on the allow-list.
    """

    client: str
    requests: Mapping[int, int] = field(default_factory=dict)
    missing: int = 0
    denied: int = 0
    tried: Mapping[int, Distinct] = field(default_factory=dict)
    hits: Sequence[Hit] = ()
    shared: bool = False
    known: bool = False

    def of(self, what: TriedOf) -> Distinct:
        """Return what was tried of a kind."""
        return self.tried.get(what) or Distinct()


@dataclass(frozen=True)
class Found:
    """Something to be told of.

    Attributes:
        kind: What.
        subject: Whom or what it is about.
        client: The network of the one client that did it; empty for many.
        confidence: From 0.5 to 1.
        says: In words.
        evidence: Counts and examples.
    """

    kind: Kind
    subject: str
    client: str
    confidence: float
    says: str
    evidence: dict[str, Any]


def judge(activity: Activity, limits: Limits, minute: int) -> Iterator[Found]:
    """Yield what is found of a client, each kind once.

    Args:
        activity: What it did.
        limits: From what on something is evidence.
        minute: The one that runs, since the epoch.
    """
    if not (activity.shared or activity.known):
        yield from _sure(_rate(activity, limits, minute))
    yield from _sure(_scan(activity, limits))
    yield from _sure(_patterns(activity, limits, Kind.INJECTION, "injection", lambda kind: kind in _INJECTIONS))
    yield from _sure(_patterns(activity, limits, Kind.TRAVERSAL, "path traversal", lambda kind: kind == TRAVERSAL))
    if not activity.shared:
        yield from _sure(_credentials(activity, limits))
        yield from _sure(_tokens(activity, limits))


def judge_target(of: TriedOf, target: str, who: Distinct, limits: Limits) -> Iterator[Found]:
    """Yield what is found of an account or a token that many are at.

    Args:
        of: `FAILED` for an account, `USED` for a token.
        target: What stands for it.
        who: The networks from which that was.
        limits: From what on something is evidence.
    """
    evidence = {"networks": len(who), "count": who.count, "examples": who.examples[:_EXAMPLES]}
    if of == TriedOf.FAILED and len(who) >= limits.clients:
        says = f"From {len(who)} networks somebody failed to sign in to one account within {WINDOW_MINUTES} minutes."
        sure = excess(len(who), limits.clients)
        yield from _sure(Found(Kind.CREDENTIALS, f"account {target}", "", sure, says, evidence))
    if of == TriedOf.USED and len(who) >= limits.networks:
        says = f"One token was used from {len(who)} wider networks within {WINDOW_MINUTES} minutes."
        sure = excess(len(who), limits.networks)
        yield from _sure(Found(Kind.TOKENS, f"token {target}", "", sure, says, evidence))


def excess(value: float, limit: float) -> float:
    """Return how sure a value beyond its limit makes: 0.5 at the limit, and up to 1."""
    return 0.0 if value < limit else 1 - limit / (2 * value)


def _sure(found: Found | None) -> Iterator[Found]:
    if found is not None and found.confidence >= LEAST:
        yield found


def _rate(activity: Activity, limits: Limits, minute: int) -> Found | None:
    lately = {at: count for at, count in activity.requests.items() if minute - _RATE_MINUTES < at <= minute}
    over = sorted(count for count in lately.values() if count > limits.requests)
    if len(over) < _RATE_OVER:
        return None
    usual = over[-_RATE_OVER]  # so much, or more, in each of three minutes
    says = f"{usual} requests a minute and more, in {len(over)} of {_RATE_MINUTES} minutes."
    evidence = {
        "requests_per_minute": [lately[at] for at in sorted(lately)],
        "limit": limits.requests,
        "missing": activity.missing,
        "denied": activity.denied,
    }
    return Found(Kind.RATE, activity.client, activity.client, excess(usual, limits.requests), says, evidence)


def _scan(activity: Activity, limits: Limits) -> Found | None:
    paths, probes = activity.of(TriedOf.PATH), activity.of(TriedOf.PROBE)
    tools = {hit.what: hit for hit in activity.hits if hit.pattern == TOOL}
    score = len(paths) + PROBE_COUNTS * len(probes)
    requests = max(1, sum(activity.requests.values()))
    # Of five paths that only scanners ask for, some others behind the address make no visitor's mistake.
    share = max(min(1.0, activity.missing / requests), len(probes) / (len(probes) + 2))
    swept = 0.0 if activity.shared or activity.known else excess(score, limits.paths) * share
    confidence = 1 - (1 - swept) * prod(1 - tool.weight for tool in tools.values())
    says = (
        f"{len(paths) + len(probes)} distinct paths that are not there, {len(probes)} of them such as scanners ask for"
    )
    if tools:
        says += "; it calls itself a scanner"
    evidence = {
        "paths": len(paths),
        "probes": len(probes),
        "missing": activity.missing,
        "requests": requests,
        "limit": limits.paths,
        "tools": [tool.example for tool in tools.values()][:_EXAMPLES],
        "examples": [*probes.examples, *paths.examples][:_EXAMPLES],
    }
    return Found(Kind.SCAN, activity.client, activity.client, min(confidence, _SURE), f"{says}.", evidence)


_INJECTIONS = frozenset({SQL, SCRIPT, COMMAND, TEMPLATE})


def _patterns(
    activity: Activity, limits: Limits, kind: Kind, title: str, wanted: Callable[[str], bool]
) -> Found | None:
    hits = {hit.what: hit for hit in activity.hits if wanted(hit.pattern)}
    confidence = 1 - prod(1 - hit.weight for hit in hits.values())
    if len(hits) < _ENOUGH:
        confidence = min(confidence, _FEW)
    if confidence < limits.patterns:
        return None
    of: dict[str, int] = {}
    for hit in hits.values():
        of[hit.pattern] = of.get(hit.pattern, 0) + 1
    says = f"{len(hits)} distinct request{'s' if len(hits) > 1 else ''} with patterns of {title}."
    examples = sorted(hits.values(), key=lambda hit: (-hit.weight, hit.what))
    evidence = {"hits": len(hits), "patterns": of, "examples": [hit.example for hit in examples[:_EXAMPLES]]}
    return Found(kind, activity.client, activity.client, min(confidence, _SURE), says, evidence)


def _credentials(activity: Activity, limits: Limits) -> Found | None:
    failed, signed_in = activity.of(TriedOf.FAILED), activity.of(TriedOf.SIGNED_IN)
    over_accounts = excess(len(failed), limits.accounts) * _part(len(failed), len(signed_in))
    over_attempts = excess(failed.count, limits.attempts) * _part(failed.count, signed_in.count)
    says = f"{failed.count} failures to sign in to {len(failed)} accounts, {len(signed_in)} accounts signed in to."
    evidence = {
        "failures": failed.count,
        "accounts": len(failed),
        "signed_in": len(signed_in),
        "denied": activity.denied,
        "limit": limits.accounts,
        "examples": failed.examples[:_EXAMPLES],
    }
    confidence = max(over_accounts, over_attempts)
    return Found(Kind.CREDENTIALS, activity.client, activity.client, confidence, says, evidence)


def _tokens(activity: Activity, limits: Limits) -> Found | None:
    refused, used = activity.of(TriedOf.REFUSED), activity.of(TriedOf.USED)
    says = f"{len(refused)} distinct tokens were refused, {len(used)} taken."
    evidence = {
        "refused": len(refused),
        "used": len(used),
        "denied": activity.denied,
        "limit": limits.tokens,
        "examples": refused.examples[:_EXAMPLES],
    }
    confidence = excess(len(refused), limits.tokens) * _part(len(refused), len(used))
    return Found(Kind.TOKENS, activity.client, activity.client, confidence, says, evidence)


def _part(wrong: int, right: int) -> float:
    """Return which part of two is wrong: others stand behind the same address where much is right."""
    return wrong / (wrong + right) if wrong else 0.0
