"""One drain: read entries from the beginning of a stream, take them in, and delete them by id.

Nothing is skipped or trimmed by its position. An unknown outcome means starting over: what was committed after all is
recognised by its sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.db import InterfaceError, OperationalError, ProgrammingError

from monitoring.storage import names, partitions
from monitoring.stream import streams
from monitoring.stream.connection import Client
from monitoring.stream.streams import Entry

from .commit import Intake, OvertakenError, commit
from .models import DeadLetter

_TRANSIENT = (OperationalError, InterfaceError, ProgrammingError, OvertakenError)
_DEATHS_BEFORE_SINGLE = 2
_DEATHS_BEFORE_REFUSAL = 4


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
    config, stream = intake.config, intake.stream
    intake.step("read")
    entries = streams.read(client, stream, config.drain_entries, config.drain_bytes)
    if not entries:
        return 0
    deaths = _begin(client, intake, entries[0])
    try:
        if deaths >= _DEATHS_BEFORE_SINGLE:
            entries = entries[:1]
        if deaths >= _DEATHS_BEFORE_REFUSAL:
            commit(intake, entries, (DeadLetter.Reason.DEADLY, "the process ended each time it was opened"))
        else:
            take_in(intake, entries)
        streams.delete(client, stream, [entry.id for entry in entries])
    finally:
        client.delete(_attempt_key(intake))
    intake.step("end")
    return len(entries)


def take_in(intake: Intake, entries: Sequence[Entry]) -> int:
    """Commit entries; return how many events were counted.

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
    return take_in(intake, entries[:middle]) + take_in(intake, entries[middle:])


def _attempt_key(intake: Intake) -> str:
    return f"{intake.config.stream_prefix}:attempt:{intake.label}"


def _begin(client: Client, intake: Intake, first: Entry) -> int:
    """Note that these entries are being opened; return how often a process died with the same one at its head."""
    key = _attempt_key(intake)
    noted = cast(bytes | None, client.get(key)) or b""
    entry_id, _, deaths = noted.partition(b" ")
    died = int(deaths) if entry_id == first.id and deaths.isdigit() else 0
    client.set(key, first.id + b" " + str(died + 1).encode(), ex=3600)
    return died
