"""What clients do, played through the real recorder, drain and watch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from monitoring.conf import get_config
from monitoring.guarding import guard
from monitoring.journal.security.models import SecurityFinding
from monitoring.recording import visits
from monitoring.recording.recorder import recorder
from tests.pipeline import drain_all

from .attackers import BROWSER, Request

ATTACKER, OFFICE = "203.0.113.7", "198.51.100.20"


def ask(client: str, requests: Iterable[Request], status: int = 200, authorization: str = "") -> None:
    """Let a client ask for something."""
    for path, query, agent in requests:
        visits.note(client, None, status, path, query, authorization, agent)


def sweep(client: str, paths: Iterable[str]) -> None:
    """Let a client ask for paths that are not there."""
    ask(client, ((path, "", BROWSER) for path in paths), status=404)


def take_in() -> None:
    """Send what was noted, and take it in."""
    assert recorder.flush()
    drain_all()


def watch(now: datetime | None = None) -> list[SecurityFinding]:
    """Take in what was noted and judge it; return what is open."""
    take_in()
    guard(get_config(), now or datetime.now(UTC))
    return list(SecurityFinding.objects.filter(state="open").order_by("kind", "subject"))


def kinds(found: Iterable[Any]) -> list[tuple[str, str]]:
    """Return kinds and subjects."""
    return [(one.kind, one.subject) for one in found]
