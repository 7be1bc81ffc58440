"""Sending what waits to a sink: taken, sent, settled; and whose fault it is when that fails.

* The sink is away, or does not know us: it is left alone for a while, and what waits goes on waiting.
* The sink says that records are at fault: fewer are sent at a time, until the one at fault is by itself; that one is
  given up, and it is told why.
* Nobody can tell: others are sent first. When they are taken, the records are at fault.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DatabaseError, InterfaceError, router

from monitoring.conf import Config, get_config
from monitoring.recording import scrub

from . import backlog, kinds
from .base import AwayError, DoubtfulError, RefusedError, SendError, Sink
from .models import MAX_PROBLEM, SinkBatch
from .queue import Load, Turn, open_to_all
from .records import UnreadableError, unpack

_TURN_SECONDS, _ATTEMPT_SECONDS = 20.0, 45.0
_MOST_TRIES = 6
"""After so many attempts that nobody could tell anything of, a row counts as what is at fault."""
_NO_END = "None of the attempts to send it came to an end."
_logger = logging.getLogger(__name__)


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Desk:
    """What is sent with.

    Attributes:
        config: This installation's settings.
        alias: The database.
        step: Called with the name of each step before it happens; tests end the process there.
        now: The clock.
    """

    config: Config
    alias: str
    step: Callable[[str], None] = no_step
    now: Callable[[], datetime] = _now

    def sink(self, kind: str) -> Sink | None:
        """Return a sink that is on."""
        return kinds.configured(self.config).get(kind)


def desk(config: Config | None = None) -> Desk:
    """Return what this process's settings ask for."""
    return Desk(config or get_config(), router.db_for_write(SinkBatch))


def due(desk: Desk) -> list[str]:
    """Bound what waits, and return the sinks to which something can be sent now."""
    on = kinds.configured(desk.config)
    for kind in on:
        backlog.trim(kind, desk.config.sink_backlog_bytes, desk.alias)
    return sorted(open_to_all(desk.alias, desk.now()) & on.keys())


def forward(kind: str, desk: Desk) -> bool:
    """Send what waits for a sink, for some seconds, unless somebody else is at it.

    Args:
        kind: Of the sink.
        desk: What is sent with.

    Returns:
        Whether there is more that could be sent at once.
    """
    sink = desk.sink(kind)
    turn = Turn(kind, desk.alias)
    if sink is None or not turn.begin(desk.now()):
        return False
    ends = time.monotonic() + _TURN_SECONDS
    try:
        while turn.keep(desk.now()):
            if time.monotonic() >= ends:
                return True
            desk.step("take")
            rows = turn.take()
            if not rows or not _deliver(rows, sink, turn, desk):
                return False
        return False
    finally:
        turn.end()


def _deliver(rows: list[SinkBatch], sink: Sink, turn: Turn, desk: Desk) -> bool:
    """Send some rows; return whether it is worth to go on."""
    load = _load(rows, turn)
    if not load.rows:
        return True
    if load.rows[0].tries > _MOST_TRIES:
        _blame(load, _NO_END, _MOST_TRIES - 1, turn)
        return True
    try:
        desk.step("send")
        report = sink.send(load.all, time.monotonic() + _ATTEMPT_SECONDS)
    except (DatabaseError, InterfaceError):
        raise
    except SendError as error:
        return _failed(load, error, turn, desk)
    except Exception as error:  # a mistake of ours, which must not keep others waiting
        _logger.exception("Records could not be forwarded to %s", sink.address)
        return _failed(load, DoubtfulError(f"It failed with {type(error).__name__}."), turn, desk)
    desk.step("settle")
    if report.settled < len(load.all):  # there was no time for the others
        turn.spare(load)
    turn.settle(load, report, desk.now())
    turn.passed()
    return True


def _load(rows: list[SinkBatch], turn: Turn) -> Load:
    """Open rows; those that cannot be are given up."""
    load = Load([], [])
    for row in rows:
        try:
            records = unpack(bytes(row.body))
        except UnreadableError as error:
            turn.give_up(row, row.events, str(error))
            continue
        load.rows.append(row)
        load.records.append(records)
    return load


def _failed(load: Load, error: SendError, turn: Turn, desk: Desk) -> bool:
    """Note what came of it, and whose fault it is; return whether it is worth to go on."""
    problem = scrub.text(str(error), MAX_PROBLEM)
    single = len(load.rows) == 1
    healthy = not turn.failures
    if isinstance(error, AwayError):
        turn.spare(load)
    turn.settle(load, error.report, desk.now())
    if isinstance(error, RefusedError):
        turn.passed()
        if single:
            _blame(load.without(error.report.settled), problem, 1, turn)
        return True
    if isinstance(error, DoubtfulError) and single and load.rows[0].tries >= _MOST_TRIES:
        if healthy:
            _blame(load.without(error.report.settled), problem, _MOST_TRIES - 1, turn)
            return True
        turn.spare(load)  # only a sink that takes others tells who is at fault
    _logger.warning("Records were not forwarded: %s", problem)
    turn.failed(problem, error.retry_after, desk.now())
    return False


def _blame(load: Load, problem: str, tries: int, turn: Turn) -> None:
    """Halve a row that is at fault, so that the record at fault is found; one with a single record is given up."""
    (row,), (records,) = load.rows, load.records
    if len(records) > 1:
        turn.halve(row, records, tries)
        return
    _logger.warning("A record was given up: %s", problem)
    turn.give_up(row, len(records), problem)
