"""Take dead letters in again, each exactly once: its row goes in the transaction in which its events count."""

from __future__ import annotations

from django.db import transaction

from monitoring.conf import Config
from monitoring.recording import wire
from monitoring.storage import trail
from monitoring.stream.streams import Stream

from . import decode, letters
from .commit import Intake, OvertakenError, bump, fold, new_scope, read_version, write_all
from .connections import write_connection
from .consumers import add_totals
from .models import DeadLetter

_ATTEMPTS = 10


class ReplayError(Exception):
    """The batch still cannot be taken in; its dead letter stays as it is."""


def replay(dead: DeadLetter, config: Config) -> int:
    """Take one dead letter in; return how many events were counted, 0 if somebody else replayed it first.

    Raises:
        ReplayError: Its batch still does not decode, or its rows are still refused.
    """
    try:
        fields = letters.unpack(dead)
        payload = wire.read_payload(wire.read_head(fields), fields)
        if payload is not None:
            decode.check(payload)
    except ValueError as error:
        raise ReplayError(str(error)) from error
    shard, _, lane = dead.stream.partition(":")
    intake = Intake(write_connection(), config, Stream(config.stream_prefix, int(shard), lane))
    for _ in range(_ATTEMPTS):
        try:
            return _commit(dead, payload, intake)
        except OvertakenError:
            continue
        except Exception as error:
            raise ReplayError(f"{type(error).__name__}: {error}") from error
    raise ReplayError("the stream is being drained all the time; try again")


def _commit(dead: DeadLetter, payload: wire.Payload | None, intake: Intake) -> int:
    version = read_version(intake)
    scope = new_scope(intake)
    counted = decode.counts(payload)
    writes = fold([payload] if payload is not None else [], scope, intake.config)
    replayed = {f"events_replayed:{kind}": count for kind, count in counted.items()} | scope.noted
    grown = {(intake.config.service, title, 0): float(count) for title, count in replayed.items() if count}
    writes += add_totals("intake", grown, scope)
    with transaction.atomic(using=intake.connection.alias, durable=not intake.config.eager):
        bump(intake, version)
        if not DeadLetter.objects.using(intake.connection.alias).filter(pk=dead.pk).delete()[0]:
            return 0
        write_all(writes, scope, intake.config.service)
        said = {"stream": dead.stream, "reason": str(dead.reason), "events": counted.total()}
        trail.tell(trail.Deed("dead_letter.replay", "dead_letter", str(dead.pk), details=said), intake.connection.alias)
    return counted.total()
