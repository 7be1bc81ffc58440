"""A live process of one variant: told by its parent what to run, it answers with what that took.

It reads lines of JSON like `{"path": "wsgi success", "count": 50, "warm": 10}` and writes lines like
`{"wall": …, "caller": …}`, in nanoseconds. `{"path": "", …}` asks for what the whole process used so far.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

Runner = Callable[[int], None]


def serve(runners: Mapping[str, Runner]) -> None:
    """Step through blocks until the parent closes the pipe."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints must not mix with the replies
    replies.write(json.dumps({"paths": list(runners)}) + "\n")
    for line in sys.stdin:
        replies.write(json.dumps(_step(runners, json.loads(line))) + "\n")


def _step(runners: Mapping[str, Runner], order: Mapping[str, Any]) -> dict[str, int]:
    if order["path"]:
        run = runners[order["path"]]
        run(order["warm"])
        caller, wall = time.thread_time_ns(), time.perf_counter_ns()
        run(order["count"])
        wall, caller = time.perf_counter_ns() - wall, time.thread_time_ns() - caller
    else:
        wall = caller = 0
    return {"wall": wall, "caller": caller, "all": time.process_time_ns(), "main": time.thread_time_ns()}


def main(kind: str, name: str) -> None:
    """Become a variant."""
    redis_url = os.environ["REDIS_URL"]
    if kind == "task":
        from . import tasks

        serve(tasks.runners(name, redis_url))
    elif kind == "app":
        from . import apps

        serve(apps.runners(name, redis_url))
    else:
        from . import handlers, variants

        variants.set_up(variants.VARIANTS[name], redis_url)
        serve(handlers.runners())


if __name__ == "__main__":
    main(*sys.argv[1:])
