"""What `bin/up` adds to its Celery workers, which load this module by name."""

import gc
import os
import resource
import sys
from pathlib import Path
from typing import Any

import billiard.pool
from celery.signals import worker_init, worker_process_init, worker_ready

PROCESS_MEMORY = 2 << 30
"""What one process of a pool may have: ten times what a large file takes."""

# A child that is told to go waits until its last result was read, for half a minute; in a warm shutdown nobody reads
# any more. One second is enough for whoever still does.
billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = 10


@worker_init.connect
def freeze(**_: Any) -> None:
    """Keep the collector away from what the pool's processes share with their parent, so that it stays shared."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def limit_memory(**_: Any) -> None:
    """Let a file that wants all memory meet a MemoryError, which fails that file, before it takes the machine down."""
    if sys.platform != "linux":
        return  # macOS knows the limit and refuses to set it.
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > PROCESS_MEMORY:
        resource.setrlimit(resource.RLIMIT_AS, (PROCESS_MEMORY, hard))


@worker_ready.connect
def announce(**_: Any) -> None:
    """Leave a file for whoever waits until this worker consumes."""
    path = os.environ.get("ENGINEL_READY_FILE")
    if path:
        Path(path).touch(mode=0o600)
