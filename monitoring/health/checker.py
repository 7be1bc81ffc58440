"""`HealthChecker`: how the components are. Where they are, it looks now; elsewhere it asks Enginel for the latest."""

from __future__ import annotations

from typing import Any

from monitoring import remote

_UNHEALTHY = 503


class HealthChecker:
    """Says how Enginel's components are.

    In a Django process each call looks at them anew, and takes up to the check's time limit. Without Django it returns
    what Enginel's workers found last, seconds ago.

    Example:
        >>> HealthChecker.check_database()    # doctest: +SKIP
        {'status': 'healthy', 'message': 'Database connection OK'}
    """

    @staticmethod
    def check_database() -> dict[str, Any]:
        """Look at the database; return its `status` and `message`."""
        return _one("database")

    @staticmethod
    def check_redis() -> dict[str, Any]:
        """Look at Redis; return its `status` and `message`."""
        return _one("redis")

    @staticmethod
    def check_celery() -> dict[str, Any]:
        """Look for workers that live; return `status`, `message`, and their names as `workers`."""
        return _one("celery")

    @staticmethod
    def check_storage() -> dict[str, Any]:
        """Store a file, read it and delete it; return `status` and `message`."""
        return _one("storage")

    @staticmethod
    def get_full_health_status() -> dict[str, Any]:
        """Look at every component; return `status`, `timestamp`, and `checks` by component."""
        if remote.wanted():
            return _reported()
        from .now import everything

        return everything()


def _one(component: str) -> dict[str, Any]:
    if remote.wanted():
        found: dict[str, Any] = _reported()["checks"][component]
        return found
    from .now import one

    return one(component)


def _reported() -> dict[str, Any]:
    found: dict[str, Any] = remote.get("api/health/detailed/", also=(_UNHEALTHY,))
    return found
