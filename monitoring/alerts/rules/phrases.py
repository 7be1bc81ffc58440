"""Findings in words: what stands for a kind in a sentence, and what to do about it.

The page of each kind is the one that the guide's table of findings leads to.
"""

from __future__ import annotations

from dataclasses import dataclass

_DOWN = "docs/troubleshooting/workers-down.md"
_STUCK = "docs/troubleshooting/stuck-tasks.md"
_LOST = "docs/troubleshooting/lost-tasks.md"
_BEHIND = "docs/troubleshooting/queue-behind.md"
_MISSED = "docs/troubleshooting/missed-runs.md"
_FINDINGS = "docs/findings.md"
_FAILING = "docs/troubleshooting/high-error-rate.md"
_SLOW = "docs/troubleshooting/slow-performance.md"
_SECURITY = "docs/security.md"


@dataclass(frozen=True)
class Phrase:
    """A kind of finding in words.

    Attributes:
        says: What follows the name of what it is about.
        to_do: The first thing to do.
        page: Of the guide, where that goes on.
    """

    says: str
    to_do: str
    page: str


PHRASES = {
    "worker_down": Phrase("is down", "Look whether its host and its process live, and start it again", _DOWN),
    "worker_wedged": Phrase("lives but finishes nothing", "Look at what its tasks wait for, then restart it", _STUCK),
    "worker_crashed": Phrase("crashed, and was started again", "Find out why it died, memory first", _DOWN),
    "task_lost": Phrase("was lost with its worker", "Look whether it can be run again, and run it", _LOST),
    "task_held": Phrase("is held by the broker since its worker died", "Wait, or shorten the wait", _LOST),
    "task_stuck": Phrase("has been running for too long", "Look at where it stands, and end it if need be", _STUCK),
    "task_killed": Phrase("was killed while it ran", "Look at the reason of the run, memory first", _DOWN),
    "queue_stalled": Phrase("holds messages that its idle worker does not take", "Restart that worker", _STUCK),
    "queue_unconsumed": Phrase(
        "holds messages, and no worker consumes it", "Start a worker with this queue in --queues", _BEHIND
    ),
    "schedule_late": Phrase(
        "is published late", "Look whether beat is busy, or the database or the broker slow", _MISSED
    ),
    "schedule_missed": Phrase("did not run when it should have", "Look whether beat lives, and its clock", _MISSED),
    "schedule_failed": Phrase(
        "failed, and has not succeeded since", "Look at the exception of its run in /api/monitoring/tasks/", _FINDINGS
    ),
    "schedule_overlap": Phrase(
        "began while another run of it still ran", "Give it a longer interval, or a lock", _FINDINGS
    ),
    "schedule_doubled": Phrase("was published by two beats", "Leave one beat running", _MISSED),
    "beat_dead": Phrase("is dead: nothing of the schedule runs", "Start beat again", _MISSED),
    "beat_doubled": Phrase("runs twice", "Leave one beat running", _FINDINGS),
    "recovery_recurring": Phrase(
        "has to be recovered again and again", "Look for the cause, and set for good what helps", _FINDINGS
    ),
    "recovery_not_taken_back": Phrase(
        "was changed by recovery and could not be put back", "Look at it, and put it right by hand", _FINDINGS
    ),
    "security_rate": Phrase(
        "asks unusually often", "Look who it is, and whether a throttle should bound it", _SECURITY
    ),
    "security_scan": Phrase("scans for what is not there", "Look what else it asked for", _SECURITY),
    "security_injection": Phrase("tries injections", "Look what the routes make of what it sends", _SECURITY),
    "security_traversal": Phrase("tries to read other files", "Look what the routes make of what it sends", _SECURITY),
    "security_credentials": Phrase("tries stolen credentials", "Look whether any of them was right", _SECURITY),
    "security_tokens": Phrase("tries tokens, or is one that wanders", "Revoke those that are known", _SECURITY),
    "audit_tampered": Phrase("of the journal is not as it was written", "Run manage.py verify_audit", "docs/audit.md"),
    "anomaly_error_rate": Phrase("fails unusually often", "Look at its errors", _FAILING),
    "anomaly_error_count": Phrase("fails more often than usual", "Look at its errors", _FAILING),
    "anomaly_latency": Phrase("is unusually slow", "Look at its slow samples", _SLOW),
    "anomaly_throughput_drop": Phrase("runs unusually seldom", "Look whether what calls it still works", _FINDINGS),
    "anomaly_throughput_rise": Phrase("runs unusually often", "Look who calls it", _FINDINGS),
    "anomaly_queue_length": Phrase("is unusually long", "Look whether its workers keep up", _BEHIND),
    "anomaly_queue_age": Phrase("holds unusually old messages", "Look whether its workers keep up", _BEHIND),
}
"""By kind of finding."""


def says(kind: str) -> str:
    """Return what a kind of finding is in a sentence."""
    known = PHRASES.get(kind)
    return known.says if known is not None else kind.replace("_", " ")


def advice(kind: str) -> str:
    """Return what to do about a kind of finding; empty when nobody knows."""
    known = PHRASES.get(kind)
    return f"{known.to_do}: {known.page} has the steps." if known is not None else ""
