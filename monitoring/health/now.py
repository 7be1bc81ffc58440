"""Looking at components now, in the calling process, and waiting for the answer."""

from __future__ import annotations

import os
import time
from typing import Any

from monitoring.conf import get_config

from .registry import load
from .report import checks, document
from .runner import Runner
from .snapshot import Part, advance, parts

_runner = Runner()
"""Shared by all callers, so that those who ask at the same time wait for one check."""
os.register_at_fork(after_in_child=_runner.reset)


def one(component: str) -> dict[str, Any]:
    """Return how one component is: its `status`, its `message`, and what else anyone may read of it."""
    return checks(_evaluate(component))[component]


def everything() -> dict[str, Any]:
    """Return how every component is, in the documented form."""
    return document(_evaluate(), time.time())


def _evaluate(*components: str) -> dict[str, Part]:
    chosen = [check for check in load(get_config()).checks if not components or check.component in components]
    found = advance(None, chosen, _runner.run(chosen), version=1, now=time.time(), fall=1, rise=1)
    return parts(found.checks.values())
