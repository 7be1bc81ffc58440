"""The same series through our rules and through Prometheus': both fire and are over at the same evaluations."""

from __future__ import annotations

import random
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.db import connection

from monitoring.alerts.incidents.machine import Found, Standing, Terms, advance
from monitoring.alerts.incidents.states import IncidentState
from monitoring.alerts.rules import evaluation
from monitoring.alerts.rules.rule import Rule
from monitoring.metrics.models import CounterMinute, GaugeValue
from monitoring.storage import partitions
from monitoring.storage.names import Name

from .rules.rows import rule

BASE = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTES = 36
WINDOW = 300
SERIES = 24


@dataclass(frozen=True)
class Case:
    """One series, and the rule that both sides have of it. A value that is None was not recorded."""

    name: str
    measure: str
    comparison: str
    threshold: float
    hold: int
    keep: int
    values: tuple[float | None, ...]

    @property
    def expression(self) -> str:
        measured = self.name if self.measure == "value" else f"{self.measure}({self.name}[{WINDOW}s])"
        return f"{measured} {self.comparison} {self.threshold}"


def cases() -> list[Case]:
    chance = random.Random("enginel")
    return [case(chance, number) for number in range(SERIES)]


def case(chance: random.Random, number: int) -> Case:
    """Make a series that crosses its threshold, meets it exactly, rests, and of gauges also one with gaps."""
    measure = ("value", "increase", "rate", "value")[number % 4]
    hold, keep = chance.choice([0, 60, 120, 150, 240]), chance.choice([0, 0, 60, 90, 300])
    comparison = chance.choice([">", ">=", "<", "<=", "==", "!="] if measure == "value" else [">", ">=", "<", "<="])
    if measure == "value":
        gauged = walk(chance, [-1.5, 0, 1, 2, 3], gap=8)
        return Case(f"gauge_{number}", measure, comparison, chance.choice([0, 1, 2]), hold, keep, gauged)
    grown = (150, *walk(chance, [0, 0, 150, 300])[1:])
    total = tuple(float(sum(one or 0 for one in grown[:place])) for place in range(MINUTES))
    threshold = chance.choice([300, 450, 600]) / (1 if measure == "increase" else WINDOW)
    return Case(f"counter_{number}", measure, comparison, threshold, hold, keep, total)


def walk(chance: random.Random, levels: list[float], gap: int = 0) -> tuple[Any, ...]:
    """Return levels that last for one to nine minutes each, with gaps of some minutes between some of them."""
    steps: list[float | None] = []
    while len(steps) < MINUTES:
        steps += [chance.choice(levels)] * chance.randint(1, 9)
        steps += [None] * (chance.randint(2, gap) if gap and chance.random() < 0.5 else 0)
    return tuple(steps[:MINUTES])


def ours(series: list[Case]) -> dict[str, list[bool]]:
    """Return at which minutes each rule fires by our evaluation; what is later is not stored yet."""
    rules = {one.name: rule_of(one) for one in series}
    standing: dict[str, Standing | None] = {}
    fired: dict[str, list[bool]] = {one.name: [] for one in series}
    start = int(BASE.timestamp() // 60)
    partitions.ensure(connection, CounterMinute, range(start, start + MINUTES))
    for minute in range(MINUTES):
        store(series, minute)
        now = BASE + timedelta(minutes=minute)
        for name, one in rules.items():
            samples = evaluation.read(one, now).samples
            terms = Terms(timedelta(seconds=one.for_seconds), timedelta(seconds=one.keep_firing_seconds))
            after = advance(standing.get(name), Found() if samples else None, terms, now).standing
            standing[name] = None if after is None or after.state is IncidentState.RESOLVED else after
            fired[name].append(after is not None and after.state is IncidentState.FIRING)
    return fired


def rule_of(one: Case) -> Rule:
    params = {
        "names": [one.name],
        "measure": one.measure,
        "comparison": one.comparison,
        "threshold": one.threshold,
        "window_seconds": WINDOW,
    }
    return rule("metric", params, name=one.name, for_seconds=one.hold, keep_firing_seconds=one.keep)


def store(series: list[Case], minute: int) -> None:
    """Store what was recorded until a minute began: gauges at its very beginning, what counters grew before."""
    milliseconds = int((BASE + timedelta(minutes=minute)).timestamp() * 1000)
    gauges, counters = [], []
    for one in series:
        value = one.values[minute]
        if one.measure == "value" and value is not None:
            gauges.append(GaugeValue(name_id=number("gauge", one.name), shard=0, at=milliseconds, value=value))
        elif one.measure != "value" and minute:
            grown = (value or 0.0) - (one.values[minute - 1] or 0.0)
            start = milliseconds // 60_000 - 1
            counters.append(CounterMinute(name_id=number("metric", one.name), start=start, shard=0, value=grown))
    GaugeValue.objects.filter(name_id__in=[one.name_id for one in gauges]).delete()
    GaugeValue.objects.bulk_create(gauges)
    CounterMinute.objects.bulk_create(counters)


def number(kind: str, name: str) -> int:
    return Name.objects.get_or_create(kind=kind, service="shop", name=name)[0].pk


def promtool(series: list[Case], fired: dict[str, list[bool]], folder: Path) -> subprocess.CompletedProcess[str]:
    """Let Prometheus' own tool say whether it agrees, at every minute of every series."""
    rules = [
        {"alert": one.name, "expr": one.expression, "for": f"{one.hold}s", "keep_firing_for": f"{one.keep}s"}
        for one in series
    ]
    inputs = [
        {"series": one.name, "values": " ".join("_" if value is None else f"{value:g}" for value in one.values)}
        for one in series
    ]
    expected = [
        {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [{}] if firing else []}
        for name, firings in fired.items()
        for minute, firing in enumerate(firings)
    ]
    test = {"interval": "1m", "input_series": inputs, "alert_rule_test": expected}
    tests = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "ours", "rules": rules}]}))
    (folder / "tests.yml").write_text(yaml.safe_dump(tests))
    command = ["promtool", "test", "rules", "tests.yml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.django_db
@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_our_rules_fire_and_are_over_when_those_of_prometheus_are(tmp_path: Path) -> None:
    series = cases()
    fired = ours(series)
    ran = promtool(series, fired, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert sum(True in firings and False in firings[firings.index(True) :] for firings in fired.values()) >= SERIES / 2
    name = next(name for name, firings in fired.items() if True in firings)
    fired[name] = [not firing for firing in fired[name]]
    assert promtool(series, fired, tmp_path).returncode != 0
