"""One drain: read entries from the beginning of a stream, take them in, and delete them by id.

Nothing is skipped or trimmed by its position. An unknown outcome means starting over: what was committed after all is
recognised by its sequences.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

from django.db import InterfaceError, OperationalError, ProgrammingError

from monitoring.storage import names, partitions
from monitoring.stream import streams
from monitoring.stream.connection import Client
from monitoring.stream.streams import Entry

from . import outage
from .commit import Intake, OvertakenError, commit
from .models import DeadLetter

_TRANSIENT = (OperationalError, InterfaceError, ProgrammingError, OvertakenError)
_DEATHS_BEFORE_SINGLE = 2
_DEATHS_BEFORE_REFUSAL = 4
_SUSPECTS_AT_ONCE = 100
_SURE_SECONDS = 1.0
"""Who is alive changes the note of its attempt in so long: what stands then was left by the dead."""
_REMEMBERED_SECONDS = 3600


@dataclass(frozen=True)
class Attempt:
    """What Redis remembers of the drain that is being tried, for the case that its process dies.

    Attributes:
        entry: Id of the first entry.
        deaths: How many processes died with this entry as their first.
        suspects: How many entries the first of them had read: the deadly one is among them.
    """

    entry: bytes = b""
    deaths: int = 0
    suspects: int = 0


def drain(intake: Intake, client: Client) -> int:
    """Take in what waits in a stream, up to the work budget.

    Args:
        intake: Which stream, and where to.
        client: Connection to Redis.

    Returns:
        How many entries were read and dealt with.

    Raises:
        OvertakenError: Another drainer committed first; start over.
        OperationalError, InterfaceError, ProgrammingError: The database is away or not migrated; start over later.
        redis.RedisError: Redis is away; start over later.
    """
    attempt = _remembered(client, intake)
    if attempt.deaths >= _DEATHS_BEFORE_SINGLE:
        return _drain_suspects(intake, client, attempt)
    intake.step("read")
    most = intake.pace.most(intake.config.drain_entries)
    entries = streams.read(client, intake.stream, most, intake.config.drain_bytes)
    if not entries:
        return 0
    if attempt.entry != entries[0].id:
        attempt = Attempt(entries[0].id, 0, len(entries))
    with _attempting(intake, client, attempt):
        try:
            taken = take_in(intake, entries)
        except (OperationalError, InterfaceError):
            outage.began()
            raise
        intake.pace.note(most, len(entries), taken)
        streams.delete(client, intake.stream, [entry.id for entry in entries[:taken]])
    _remember(client, intake, Attempt())
    intake.step("end")
    return taken


def _drain_suspects(intake: Intake, client: Client, attempt: Attempt) -> int:
    """Take entries in one by one until the one that kills is found, or all that were read with it have passed."""
    for taken in range(_SUSPECTS_AT_ONCE):
        intake.step("read")
        entries = streams.read(client, intake.stream, 2, intake.config.drain_bytes)
        if not entries or attempt.entry != entries[0].id or not attempt.suspects:
            _remember(client, intake, Attempt())
            return taken
        if attempt.deaths >= _DEATHS_BEFORE_REFUSAL and not _stands(client, intake, attempt):
            return taken
        with _attempting(intake, client, attempt):
            if attempt.deaths >= _DEATHS_BEFORE_REFUSAL:
                commit(intake, entries[:1], (DeadLetter.Reason.DEADLY, "the process ended each time it was opened"))
            else:
                take_in(intake, entries[:1])
            streams.delete(client, intake.stream, [entries[0].id])
        passed = attempt.deaths < _DEATHS_BEFORE_REFUSAL and len(entries) > 1
        attempt = Attempt(entries[1].id, _DEATHS_BEFORE_SINGLE, attempt.suspects - 1) if passed else Attempt()
        _remember(client, intake, attempt)
        intake.step("end")
    return _SUSPECTS_AT_ONCE


def take_in(intake: Intake, entries: Sequence[Entry]) -> int:
    """Commit entries; return how many of them, from the first, were dealt with.

    A batch that cannot be folded, or whose rows the database refuses, is found by halving and becomes a dead letter;
    the others are not held up.

    Raises:
        OvertakenError: Another drainer committed first.
        OperationalError, InterfaceError, ProgrammingError: Nothing is known to be committed.
    """
    for last_try in (False, True):
        try:
            return commit(intake, entries)
        except _TRANSIENT:
            raise
        except Exception as error:  # whatever a hostile batch makes the folding raise
            if last_try and len(entries) == 1:
                problem = f"{type(error).__name__}: {error}"
                return commit(intake, entries, (DeadLetter.Reason.REFUSED, problem))
            # A stale cache must not make a dead letter of a good batch.
            names.forget()
            partitions.forget()
    middle = len(entries) // 2
    taken = take_in(intake, entries[:middle])
    # Never out of turn: a later batch of a producer would make its earlier ones look counted.
    return taken if taken < middle else taken + take_in(intake, entries[middle:])


@contextmanager
def _attempting(intake: Intake, client: Client, attempt: Attempt) -> Iterator[None]:
    """Remember one more death; one that fails without dying takes one back."""
    _remember(client, intake, replace(attempt, deaths=attempt.deaths + 1))
    try:
        yield
    except BaseException:
        standing = _remembered(client, intake)
        if standing.entry == attempt.entry:
            _remember(client, intake, replace(standing, deaths=max(0, standing.deaths - 1)))
        raise


def _stands(client: Client, intake: Intake, attempt: Attempt) -> bool:
    """Whether nobody who is alive has this entry in hand, who would be counted among the dead."""
    time.sleep(_SURE_SECONDS)
    return _remembered(client, intake) == attempt


def _remember(client: Client, intake: Intake, attempt: Attempt) -> None:
    if attempt.deaths:
        noted = b" ".join((attempt.entry, b"%d" % attempt.deaths, b"%d" % attempt.suspects))
        client.set(_attempt_key(intake), noted, ex=_REMEMBERED_SECONDS)
    else:
        client.delete(_attempt_key(intake))


def _remembered(client: Client, intake: Intake) -> Attempt:
    parts = (cast(bytes | None, client.get(_attempt_key(intake))) or b"").split()
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        return Attempt()
    return Attempt(parts[0], int(parts[1]), int(parts[2]))


def _attempt_key(intake: Intake) -> str:
    return f"{intake.config.stream_prefix}:attempt:{intake.label}"
