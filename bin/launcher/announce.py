"""Loaded by the workers of `bin/up`: leaves a file behind once the worker consumes, for whoever waits for it."""

import os
from pathlib import Path
from typing import Any

from celery.signals import worker_ready


@worker_ready.connect
def announce(**_: Any) -> None:
    """Say that this worker is ready."""
    path = os.environ.get("ENGINEL_READY_FILE")
    if path:
        Path(path).touch(mode=0o600)
