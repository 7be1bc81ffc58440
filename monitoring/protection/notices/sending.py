"""Sending notices: one after another, each at least once, and with the same words and the same key at each attempt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import QuerySet

from monitoring.error_rate import get_error_rate
from monitoring.outbound.errors import AwayError, BlockedAddressError, TooLargeError
from monitoring.outbound.http import Answer, Session
from monitoring.outbound.judging import may_pass, retry_after
from monitoring.storage import outbox

from . import totals
from .models import Notice, NoticeKind

_SECONDS = 30.0
"""So long one run sends."""
_LEASE_SECONDS = 60.0
"""More than one notice takes: reading what it says, and one exchange."""
_NAMED = {NoticeKind.BLOCK: "SLACK_NOTIFICATION_URL", NoticeKind.PATCH: "CODEX_TRIGGER_URL"}

Evidence = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Adds what is known of the errors of a route to what the decision knew."""


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """What notices are sent with.

    Attributes:
        evidence: Reads what is known of errors; it lives on a floor above.
        alias: The database.
        step: Called with the name of each step before it happens; tests end the process there.
        now: The clock.
    """

    evidence: Evidence
    alias: str
    step: Callable[[str], None] = no_step
    now: Callable[[], datetime] = _now


def desk(evidence: Evidence) -> Desk:
    """Return what notices are sent with in production."""
    return Desk(evidence, router.db_for_write(Notice))


def send_due(desk: Desk) -> int:
    """Send what is to be sent now; call it outside of transactions.

    Who does not answer is left alone for the rest of the run.

    Returns:
        How many have arrived.
    """
    arrived, away, ends = 0, set[str](), time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        rows = Notice.objects.using(desk.alias).exclude(kind__in=away)
        claimed = outbox.claim(rows, 1, _LEASE_SECONDS, desk.now())
        if not claimed:
            break
        if _send(claimed[0], desk):
            arrived += 1
        else:
            away.add(claimed[0].kind)
    return arrived


def _send(notice: Notice, desk: Desk) -> bool:
    url, named = _url(notice.kind), _NAMED[NoticeKind(notice.kind)]
    if not url:
        _settle(notice, desk, outbox.drop, f"{named} is not set any more.")
        return False
    if not notice.complete and not _complete(notice, desk):
        return False
    desk.step("send")
    try:
        with Session(allow_private=True, named=named) as session:  # an operator chose the address
            headers = {"Idempotency-Key": str(notice.idempotency_key)}
            answer = session.send("POST", url, json=notice.message, headers=headers)
    except TooLargeError as error:  # it has arrived; what was answered does not matter
        answer = Answer(error.status, {}, b"")
    except BlockedAddressError as error:
        _settle(notice, desk, outbox.refuse, f"{named} is not reached. {error}")
        return False
    except AwayError as error:
        _postpone(notice, desk, str(error), None)
        return False
    if answer.ok:
        _settle(notice, desk, outbox.sent)
        return True
    told = f"{named} answered {answer.status}."
    if may_pass(answer.status):
        _postpone(notice, desk, told, retry_after(answer.headers))
    else:
        _settle(notice, desk, outbox.refuse, told)
    return False


def _complete(notice: Notice, desk: Desk) -> bool:
    """Fix what a notice says, for this attempt and all others; return whether it is still held."""
    desk.step("look errors up")
    notice.message = {**notice.message, **desk.evidence(notice.message)}
    desk.step("fix the message")
    held = Notice.objects.using(desk.alias).filter(pk=notice.pk, lease=notice.lease)
    return bool(held.update(message=notice.message, complete=True))


def _settle(notice: Notice, desk: Desk, how: Callable[..., bool], *told: str) -> None:
    """Note what came of it and count it, both or neither."""
    desk.step("note what came of it")
    with transaction.atomic(using=desk.alias):
        if how(notice, *told, now=desk.now()):
            _count(notice, desk)
    desk.step("end")


def _postpone(notice: Notice, desk: Desk, told: str, seconds: float | None) -> None:
    desk.step("note the failure")
    with transaction.atomic(using=desk.alias):
        if outbox.failed(notice, told, seconds, desk.now()):
            totals.add(notice.kind, totals.FAILED, desk.alias)
            _count(notice, desk)
    desk.step("end")


def _count(notice: Notice, desk: Desk) -> None:
    state = _rows(notice, desk).values_list("state", flat=True).get()
    if state in totals.SETTLED:
        totals.add(notice.kind, state, desk.alias)


def _rows(notice: Notice, desk: Desk) -> QuerySet[Notice]:
    return Notice.objects.using(desk.alias).filter(pk=notice.pk)


def _url(kind: str) -> str:
    settings = get_error_rate()
    return settings.slack_notification_url if kind == NoticeKind.BLOCK else settings.codex_trigger_url
