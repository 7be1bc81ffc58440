"""Whether recovery is switched off, as this process was told: a look-up in its memory."""

from __future__ import annotations

from typing import Final

from monitoring.recording.decisions import copy

KIND: Final = "recovery"
KEY: Final = "switch"
OFF: Final = "off"


def off() -> bool:
    """Return whether nothing may act here. A process that was not told yet goes by its settings."""
    return copy.get(KIND, KEY) == OFF
