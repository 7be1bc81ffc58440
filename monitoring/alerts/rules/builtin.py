"""The rules that every installation has, as data. People may change them or switch them off.

What is on tells of what people have to do something about, once: each cause has one rule, and what a restart or a
deployment brings about for a moment is waited out.
"""

from __future__ import annotations

from typing import Any

THRESHOLDS = {"critical": 1, "high": 5, "medium": 20, "low": 100}
"""How many errors of a severity are worth an alert, in one group within ten minutes, as documented."""
THRESHOLD_RULES = {
    "critical": "Critical errors",
    "high": "High-severity errors",
    "medium": "Medium-severity errors",
    "low": "Low-severity errors",
}
"""Names of the rules that the thresholds belong to."""
_COOLDOWN = {"critical": 300, "high": 900, "medium": 3600, "low": 3600}
"""Seconds until people are told again of what came back: the worse it is, the less it waits."""
_OF_ERRORS: dict[str, Any] = {"keep_firing_seconds": 900}
_OF_JOBS: dict[str, Any] = {"kind": "finding", "keep_firing_seconds": 60}


def _threshold(severity: str) -> dict[str, Any]:
    return {
        "name": THRESHOLD_RULES[severity],
        "kind": "error_count",
        "params": {"threshold": THRESHOLDS[severity], "window_seconds": 600, "severities": [severity]},
        "severity": severity,
        **_OF_ERRORS,
    }


def _burn(name: str, windows: str, severity: str, keep: int) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "slo_burn_rate",
        "params": {"objective": 0.999, "windows": windows},
        "severity": severity,
        "min_count": 500,
        "keep_firing_seconds": keep,
        "cooldown_seconds": 6 * 3600,
    }


_RULES: tuple[dict[str, Any], ...] = (
    *(_threshold(severity) for severity in THRESHOLDS),
    {
        # Off: the first critical error is told of already.
        "name": "New critical errors",
        "kind": "new_group",
        "params": {"severities": ["critical"]},
        "severity": "critical",
        "enabled": False,
        **_OF_ERRORS,
    },
    {
        "name": "New high-severity errors",
        "kind": "new_group",
        "params": {"severities": ["high"]},
        "severity": "high",
        **_OF_ERRORS,
    },
    {"name": "Regressions", "kind": "regression", "severity": "high", **_OF_ERRORS},
    {
        "name": "Workers down",
        "params": {"kinds": ["worker_down", "worker_wedged"]},
        "severity": "high",
        "for_seconds": 30,
        "summary": "Worker {worker} {finding}",
        **_OF_JOBS,
    },
    {
        "name": "Crashed workers",
        "params": {"kinds": ["worker_crashed"], "group_by": "worker"},
        "severity": "high",
        "summary": "Worker {worker} {finding} ({count} in all)",
        **_OF_JOBS,
    },
    {
        "name": "Lost tasks",
        "params": {"kinds": ["task_lost"], "group_by": "task"},
        "severity": "high",
        "summary": "Lost with its worker: {name} ({count} in all)",
        **_OF_JOBS,
    },
    {
        "name": "Killed tasks",
        "params": {"kinds": ["task_killed"], "group_by": "task"},
        "severity": "medium",
        "summary": "{name} {finding} ({count} in all)",
        **_OF_JOBS,
    },
    {
        "name": "Stuck tasks",
        "params": {"kinds": ["task_stuck"], "group_by": "task"},
        "severity": "medium",
        "for_seconds": 60,
        "summary": "{name} {finding} ({count} in all)",
        **_OF_JOBS,
    },
    {
        "name": "Missed runs",
        "params": {"kinds": ["schedule_missed"]},
        "severity": "high",
        "summary": "{entry} did not run when it should have",
        **_OF_JOBS,
    },
    {
        "name": "Failed runs",
        "params": {"kinds": ["schedule_failed"]},
        "severity": "medium",
        "summary": "Entry {entry} {finding}",
        **_OF_JOBS,
    },
    {
        "name": "Beat dead",
        "params": {"kinds": ["beat_dead"]},
        "severity": "critical",
        "for_seconds": 30,
        "summary": "Beat is dead: nothing of the schedule runs",
        **_OF_JOBS,
    },
    {
        "name": "Queues that nobody empties",
        "params": {"kinds": ["queue_stalled", "queue_unconsumed"]},
        "severity": "high",
        "for_seconds": 60,
        "summary": "Queue {queue} {finding}",
        **_OF_JOBS,
    },
    {
        # There are none unless they are asked for: see the setting ANOMALIES.
        "name": "Anomalies",
        "kind": "anomaly",
        "severity": "medium",
        "summary": "{name} {brief}",
        "keep_firing_seconds": 300,
    },
    {
        # Workers and beat have rules of their own.
        "name": "Components unhealthy",
        "kind": "health",
        "params": {"status": "unhealthy", "except_components": ["celery", "beat"]},
        "severity": "critical",
        "for_seconds": 30,
        "keep_firing_seconds": 60,
    },
    {"name": "Circuits open", "kind": "circuit_open", "severity": "high", "keep_firing_seconds": 60},
    {
        "name": "Recurring recoveries",
        "params": {"kinds": ["recovery_recurring"]},
        "severity": "medium",
        "summary": "{target} {finding}",
        **_OF_JOBS,
    },
    {
        "name": "Recoveries not taken back",
        "params": {"kinds": ["recovery_not_taken_back"]},
        "severity": "high",
        "summary": "{target} {finding}",
        **_OF_JOBS,
    },
    {
        # Many clients do so at once: one incident a kind.
        "name": "Attacks",
        "params": {
            "kinds": [
                "security_scan",
                "security_injection",
                "security_traversal",
                "security_credentials",
                "security_tokens",
                "security_rate",
            ],
            "group_by": "kind",
        },
        "severity": "medium",
        "summary": "Somebody {finding}",
        **_OF_JOBS,
    },
    {
        "name": "Journal tampered with",
        "params": {"kinds": ["audit_tampered"]},
        "severity": "critical",
        "summary": "{target} {finding}",
        **_OF_JOBS,
    },
    {
        # Off: the protection has notices of its own.
        "name": "Clients blocked",
        "kind": "client_blocked",
        "params": {"group_by": "all"},
        "severity": "low",
        "enabled": False,
    },
    _burn("Availability: budget burns fast", "1h/5m", "critical", 300),
    _burn("Availability: budget burns", "6h/30m", "high", 1800),
    _burn("Availability: budget will not last", "3d/6h", "medium", 6 * 3600),
)
RULES = tuple({"cooldown_seconds": _COOLDOWN[rule["severity"]], **rule} for rule in _RULES)
"""What is stored of them; the rest is as it is for every rule."""
