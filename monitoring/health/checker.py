"""`HealthChecker`: evaluate now, in the calling process, and wait for the answer."""

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


def _evaluate(*components: str) -> dict[str, Part]:
    chosen = [check for check in load(get_config()).checks if not components or check.component in components]
    found = advance(None, chosen, _runner.run(chosen), version=1, now=time.time(), fall=1, rise=1)
    return parts(found.checks.values())


class HealthChecker:
    """Looks at components and says how they are. Each call evaluates anew and takes up to the check's time limit.

    Example:
        >>> HealthChecker.check_database()    # doctest: +SKIP
        {'status': 'healthy', 'message': 'Database connection OK'}
    """

    @staticmethod
    def check_database() -> dict[str, Any]:
        """Look at the database; return its `status` and `message`."""
        return checks(_evaluate("database"))["database"]

    @staticmethod
    def check_redis() -> dict[str, Any]:
        """Look at Redis; return its `status` and `message`."""
        return checks(_evaluate("redis"))["redis"]

    @staticmethod
    def check_celery() -> dict[str, Any]:
        """Look for workers that live; return `status`, `message`, and their names as `workers`."""
        return checks(_evaluate("celery"))["celery"]

    @staticmethod
    def check_storage() -> dict[str, Any]:
        """Store a file, read it and delete it; return `status` and `message`."""
        return checks(_evaluate("storage"))["storage"]

    @staticmethod
    def get_full_health_status() -> dict[str, Any]:
        """Look at every component; return `status`, `timestamp`, and `checks` by component."""
        return document(_evaluate(), time.time())


os.register_at_fork(after_in_child=_runner.reset)
