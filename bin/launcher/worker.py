"""What `bin/up` adds to its Celery workers, which load this module by name."""

import gc
import os
from pathlib import Path
from typing import Any

import billiard.pool
from celery.signals import worker_init, worker_ready

# A child that is told to go waits until its last result was read, for half a minute; in a warm shutdown nobody reads
# any more. One second is enough for whoever still does.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10


@worker_init.connect
def freeze(**_: Any) -> None:
    """Keep the collector away from what the pool's processes share with their parent, so that it stays shared."""
    gc.collect()
    gc.freeze()


@worker_ready.connect
def announce(**_: Any) -> None:
    """Leave a file for whoever waits until this worker consumes."""
    path = os.environ.get("ENGINEL_READY_FILE")
    if path:
        Path(path).touch(mode=0o600)
