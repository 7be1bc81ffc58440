"""Trying a sink: a record that says what it is goes to it, past the queue."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass

from monitoring.conf import Config

from . import kinds
from .base import SendError, Sink
from .records import ERROR, LINE, SPAN, Record

_SECONDS = 45.0
_TEXT = "This is a test of Enginel: what it forwards arrives here."


@dataclass(frozen=True)
class Trial:
    """What came of trying a sink.

    Attributes:
        kind: Of the sink.
        address: Where it was sent to.
        trace_id: By which what was sent can be found there.
        problem: What went wrong; empty when it was taken.
    """

    kind: str
    address: str
    trace_id: str
    problem: str


def try_out(kind: str, config: Config) -> Trial | None:
    """Send a record to a sink that is on; None for one that is not.

    Args:
        kind: Of the sink.
        config: Says which are on.
    """
    sink = kinds.configured(config).get(kind)
    if sink is None:
        return None
    trace = secrets.token_hex(16)
    try:
        report = sink.send([_record(sink, trace, config)], time.monotonic() + _SECONDS)
    except SendError as error:
        return Trial(kind, sink.address, trace, str(error))
    return Trial(kind, sink.address, trace, report.problem if report.refused else "")


def _record(sink: Sink, trace: str, config: Config) -> Record:
    """Make the record that a sink takes: a line, else an error, else a span."""
    ids = {"trace_id": trace, "span_id": trace[:16]}
    values: dict[str, dict[str, object]] = {
        LINE: {"level": 20, "logger": "enginel.test", "text": _TEXT, "ids": ids, "fields": {}},
        ERROR: {
            "id": secrets.token_hex(16),
            "kind": "log",
            "name": "enginel.test",
            "severity": "low",
            "chain": [{"type": "", "message": _TEXT, "frames": []}],
            "context": ids,
        },
        SPAN: {
            "of": "operation",
            "name": "enginel test",
            "duration": 1_000_000,
            "trace": trace,
            "span": trace[:16],
            "parent": "",
            "status": 0,
            "failed": False,
            "about": {},
        },
    }
    kind = next(one for one in (LINE, ERROR, SPAN) if one in sink.takes)
    at = time.time_ns() // 1_000_000
    return Record(kind, config.service, config.environment, config.release, at, dict(values[kind]))
