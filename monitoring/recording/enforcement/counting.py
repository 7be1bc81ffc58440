"""What became of requests, counted like any counter: recorded here, summed by intake, shown by `/metrics`."""

from __future__ import annotations

import time

from monitoring.recording.events import Counter
from monitoring.recording.recorder import recorder

BLOCK, THROTTLE = "block", "throttle"
REFUSED = {kind: f"protection_refused_{kind}_total" for kind in (BLOCK, THROTTLE)}
"""Requests that were refused, by why."""
WOULD_REFUSE = {kind: f"protection_would_refuse_{kind}_total" for kind in (BLOCK, THROTTLE)}
"""Requests that `dry_run` let through, by why they would have been refused."""
UNREADY = "protection_unready_total"
"""Requests that were let through as the process had not read the decisions yet."""
FAILED = "protection_failed_total"
"""Requests that were let through as something went wrong with the look-up."""
NAMES = (*REFUSED.values(), *WOULD_REFUSE.values(), UNREADY, FAILED)


def count(name: str) -> None:
    """Count one request."""
    recorder.record(Counter(time.time_ns(), name, 1.0))
