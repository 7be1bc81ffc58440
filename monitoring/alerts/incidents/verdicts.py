"""What one evaluation of all rules says: of each incident whether it was found, of each rule whether it failed."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from monitoring.alerts.channels.texts import line
from monitoring.alerts.rules import evaluation
from monitoring.alerts.rules.rule import Rule
from monitoring.alerts.rules.samples import Sample
from monitoring.conf import Config

from .machine import Terms

logger = logging.getLogger("monitoring.alerts")

_MAX_LABEL, _MAX_VALUE = 200, 1_000
_MAX_ERROR = 500
_MOST, _FARTHEST = 2**63 - 1, sys.float_info.max


@dataclass(frozen=True)
class Finding:
    """One sample, and the rule that it is of; its labels are those of the incident."""

    rule: Rule
    sample: Sample


@dataclass
class Verdicts:
    """What was found in one evaluation.

    Attributes:
        at: When it began.
        rules: The active rules, by name.
        findings: What is active, by the keys of incidents.
        missing: Names of rules that had no data at all.
        failed: What went wrong with rules, by name. Nothing is known of what they look for.
    """

    at: datetime
    rules: dict[str, Rule]
    findings: dict[str, Finding] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)


def key_of(rule_name: str, labels: Mapping[str, str]) -> str:
    """Return what identifies an incident: a digest of its rule's name and its labels, in whatever order."""
    text = json.dumps([rule_name, sorted(labels.items())], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def terms_of(rule: Rule, config: Config) -> Terms:
    """Return what a rule wants of incidents."""
    return Terms(
        hold=timedelta(seconds=rule.for_seconds),
        keep=timedelta(seconds=rule.keep_firing_seconds),
        flap_changes=config.alert_flap_changes,
        flap_window=timedelta(seconds=config.alert_flap_seconds),
    )


def reach(rules: Sequence[Rule], at: datetime, since: datetime | None, failing: Mapping[str, datetime]) -> Verdicts:
    """Evaluate rules, each by itself: one that fails keeps no other from being evaluated.

    Args:
        rules: The active rules.
        at: The current time.
        since: When the last evaluation began that was completed; None where there was none.
        failing: Since when rules failed every time, by name: events since then have not been looked at.
    """
    verdicts = Verdicts(at, {rule.name: rule for rule in rules})
    shared: dict[Hashable, Any] = {}
    for rule in rules:
        try:
            seen = failing[rule.name] if since is not None and rule.name in failing else since
            result = evaluation.read(rule, at, since=seen, shared=shared)
            _take(rule, result.samples, verdicts)
        except Exception as error:
            logger.debug("alert rule %s failed", rule.name, exc_info=True)
            verdicts.failed[rule.name] = line(f"{type(error).__name__}: {error}", _MAX_ERROR)
            continue
        if result.missing:
            verdicts.missing.add(rule.name)
    return verdicts


def _take(rule: Rule, samples: Sequence[Sample], verdicts: Verdicts) -> None:
    # Made before any is kept: a sample that cannot be read makes the whole rule fail.
    found = {key_of(rule.name, one.labels): Finding(rule, one) for one in map(_storable, samples)}
    verdicts.findings |= found


def _storable(sample: Sample) -> Sample:
    """Return a sample as every database can hold it."""
    labels = {line(name, _MAX_LABEL): line(value, _MAX_VALUE) for name, value in sample.labels.items()}
    value = 0.0 if math.isnan(sample.value) else min(max(float(sample.value), -_FARTHEST), _FARTHEST)
    count = min(max(int(sample.count), 0), _MOST)
    return replace(sample, labels=labels, value=value, count=count)
