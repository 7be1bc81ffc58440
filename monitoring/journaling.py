"""What an operator can choose of logs, the journal, traces and what is forwarded: a part of `Config`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Journaling:
    """Settings of logs, journal, traces and sinks. The attribute `log_retention_days` is `LOG_RETENTION_DAYS`."""

    log_retention_days: int = 14
    """How long lines of the log are kept."""
    span_retention_days: int = 14
    """How long parts of traces are kept."""
