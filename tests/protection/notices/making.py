"""Blocks and failing routes to tell of, and runs that tell of them, also later ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from monitoring.protection.notices.models import Notice
from monitoring.protection.notices.planning import Blocked, Failing, plan_block, plan_patch
from monitoring.protection.notices.sending import Desk, no_step, send_due
from tests.outbound.server import Server

NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
ROUTE = "POST api/basket/<int:pk>/"
KNOWN = {"traceback": "Traceback: …"}


def blocked(number: int = 7, at: datetime = NOW) -> Blocked:
    client = f"198.51.100.{number}"
    reason = "The client caused 6 server errors within 600 seconds."
    return Blocked(number, client, 6, 600, at, at + 60 * MINUTE, reason, ROUTE)


def tell(block: Blocked | None = None) -> bool:
    with transaction.atomic():
        return plan_block(block or blocked(), "default")


def ask(route: str = ROUTE, at: datetime = NOW, errors: tuple[UUID, ...] = ()) -> bool:
    with transaction.atomic():
        return plan_patch(Failing(route, 6, 600, errors), at, "default")


def run(
    later: timedelta = timedelta(0),
    step: Callable[[str], None] = no_step,
    evidence: Callable[[Any], Any] = lambda _message: KNOWN,
) -> int:
    """Send what is due, so much later than now; return how many arrived."""
    return send_due(Desk(evidence, "default", step, lambda: datetime.now(UTC) + later))


def only() -> Notice:
    return Notice.objects.get()


@dataclass(frozen=True)
class Received:
    """A request that a receiver got."""

    key: str
    body: dict[str, Any]


def received(server: Server) -> list[Received]:
    found = []
    for request in server.requests:
        head, _, body = request.partition("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
        found.append(Received(headers["Idempotency-Key"], json.loads(body.encode("latin-1"))))
    return found
