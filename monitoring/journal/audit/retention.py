"""How long the journal is kept: where its chains can be proved without what goes."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import router

from monitoring.conf import Config

from . import heads
from .models import JournalEntry


def prune(config: Config) -> list[str]:
    """Let go of what is beyond its retention; return why something stays that is old enough."""
    return heads.prune(config, router.db_for_write(JournalEntry), datetime.now(UTC))
