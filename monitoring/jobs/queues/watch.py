"""Sampling all queues, and finding those in trouble. Beat has it run every few seconds."""

from __future__ import annotations

import logging
from typing import Any

import redis

from monitoring.conf import Config
from monitoring.jobs import findings

from . import sample, store
from .brokers import BrokerAwayError, UnsupportedBrokerError
from .sample import Consumers, Sample
from .stalls import STALLED, UNCONSUMED, verdicts

logger = logging.getLogger("monitoring.queues")
_silent_about: set[str] = set()


def watch(config: Config) -> None:
    """Take a sample, store it, raise and resolve findings.

    A broker that is away is logged once; what was stored stays, and readers see how old it is.
    """
    try:
        taken = sample.take(config)
    except UnsupportedBrokerError as error:
        _say_once(f"the queues of a broker of kind {error} cannot be looked into")
        return
    except (BrokerAwayError, redis.RedisError) as error:
        _say_once(f"the broker does not tell of its queues: {type(error).__name__}: {error}")
        return
    _silent_about.clear()
    store.save(taken.states, taken.gone)
    judge(taken, config)


def _say_once(text: str) -> None:
    if text not in _silent_about:
        _silent_about.clear()
        _silent_about.add(text)
        logger.warning("%s", text)


def judge(taken: Sample, config: Config) -> None:
    """Raise and resolve findings about the queues of a sample."""
    limits = sample.limits_of(config)
    found = findings.open_findings(UNCONSUMED, STALLED).values_list("kind", "subject")
    open_now: set[tuple[str, str]] = set(found)
    for state in taken.states:
        consumers = taken.consumers.get(state.name, Consumers())
        consumed = consumers.workers > 0 or bool(state.consumers)
        for kind, wrong in verdicts(taken.motions[state.name], consumed, consumers.idle, limits).items():
            if wrong and (kind, state.name) not in open_now:
                findings.raise_finding(kind, state.name, _detail(state))
            elif not wrong and (kind, state.name) in open_now:
                findings.resolve(kind, state.name)
    for kind, name in open_now:
        if name in taken.gone:
            findings.resolve(kind, name)


def _detail(state: Any) -> dict[str, Any]:
    """Say what speaks for a finding."""
    return {
        "depth": state.depth,
        "oldest_age": state.oldest_age,
        "workers": state.workers,
        "processes": state.processes,
        "unmoved_seconds": round((state.at - state.moved).total_seconds(), 1),
    }
