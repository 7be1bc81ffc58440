"""Fold in the calling thread and connection: `MONITORING["EAGER"]`, for tests of those who use Enginel."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.conf import get_config
from monitoring.stream.streams import Entry, Stream

from .commit import Intake
from .connections import write_connection
from .drain import take_in


def accept(lane: str, fields: Mapping[str, str | bytes]) -> None:
    """Take one batch in at once."""
    config = get_config()
    encoded = {name.encode(): value.encode() if isinstance(value, str) else value for name, value in fields.items()}
    intake = Intake(write_connection(), config, Stream(config.stream_prefix, 0, lane))
    take_in(intake, [Entry(b"", encoded)])
