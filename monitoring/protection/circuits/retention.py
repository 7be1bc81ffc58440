"""Drop counts that no window reaches, decisions that are long past, and circuits that no code uses any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connections, router

from monitoring.recording.resilience.options import MAX_WINDOW
from monitoring.storage.deletion import delete_older

from .models import Circuit, CircuitAsker, CircuitCall, CircuitChange, Hold, State
from .policy import ASKED


def prune(now: datetime, decided: datetime) -> None:
    """Drop what is old.

    Args:
        now: The time.
        decided: From before then no decision is kept, nor a closed circuit that nobody has used since.
    """
    alias = router.db_for_write(Circuit)
    window = int((now - timedelta(seconds=2 * MAX_WINDOW)).timestamp())
    CircuitCall.objects.using(alias).filter(second__lt=window).delete()
    asked = int(now.timestamp() * 1000) - 2 * ASKED
    CircuitAsker.objects.using(alias).filter(at__lt=asked).delete()
    delete_older(connections[alias], CircuitChange, "at", decided)
    Circuit.objects.using(alias).filter(seen__lt=decided, state=State.CLOSED, hold=Hold.NONE).delete()
