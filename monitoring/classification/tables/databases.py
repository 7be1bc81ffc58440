"""Databases: Django's wrappers, and the drivers' own classes where nothing wraps them.

PEP 249 gives all of them the same names. An `OperationalError` may be a deadlock, a lost connection, or a lock that
somebody else holds: it may pass. `psycopg` has a class for each SQLSTATE; those that will not pass are named here.
"""

from __future__ import annotations

from ..kinds import ErrorType
from ..traits import Traits
from .documented import like

_DRIVERS = ("django.db.utils", "psycopg", "psycopg2", "sqlite3")
_WAITED = Traits(kind=ErrorType.TIMEOUT_ERROR, retryable=True)
_EXHAUSTED = Traits(kind=ErrorType.RESOURCE_ERROR, retryable=True)
_FULL = Traits(kind=ErrorType.RESOURCE_ERROR, retryable=False)
_LASTING = Traits(retryable=False)
_CREDENTIALS = Traits(kind=ErrorType.AUTHENTICATION_ERROR, retryable=False)
_MISSING = Traits(kind=ErrorType.CONFIGURATION_ERROR, retryable=False)
_CONFLICT = Traits(kind=ErrorType.CONFLICT, retryable=False)


def _pep249(module: str) -> dict[str, Traits]:
    return {
        f"{module}.Error": like("DatabaseError"),
        f"{module}.DatabaseError": like("DatabaseError"),
        f"{module}.InterfaceError": like("DatabaseError", retryable=True),
        f"{module}.OperationalError": like("DatabaseError", retryable=True),
    }


CLASSES: dict[str, Traits] = {name: traits for module in _DRIVERS for name, traits in _pep249(module).items()} | {
    "django.utils.connection.ConnectionDoesNotExist": _MISSING,
    "django.db.transaction.TransactionManagementError": _LASTING,
    "django.db.models.deletion.ProtectedError": _CONFLICT,
    "django.db.models.deletion.RestrictedError": _CONFLICT,
    "psycopg.errors.ConnectionTimeout": _WAITED,
    "psycopg.errors.QueryCanceled": _WAITED,
    "psycopg.errors.LockNotAvailable": _WAITED,
    "psycopg.errors.IdleInTransactionSessionTimeout": _WAITED,
    "psycopg.errors.TransactionTimeout": _WAITED,
    "psycopg.errors.TooManyConnections": _EXHAUSTED,
    "psycopg.errors.InsufficientResources": _EXHAUSTED,
    "psycopg.errors.OutOfMemory": _EXHAUSTED,
    "psycopg.errors.DiskFull": _FULL,
    "psycopg.errors.ProgramLimitExceeded": _FULL,
    "psycopg.errors.ConfigurationLimitExceeded": _FULL,
    "psycopg.errors.InvalidPassword": _CREDENTIALS,
    "psycopg.errors.InvalidAuthorizationSpecification": _CREDENTIALS,
    "psycopg.errors.InsufficientPrivilege": Traits(kind=ErrorType.AUTHORIZATION_ERROR),
    "psycopg.errors.UniqueViolation": _CONFLICT,
    "psycopg.errors.ExclusionViolation": _CONFLICT,
    "psycopg.errors.DatabaseDropped": _MISSING,
    "psycopg.errors.ReadOnlySqlTransaction": Traits(retryable=True),
    "psycopg_pool.PoolTimeout": _EXHAUSTED,
    "psycopg_pool.TooManyRequests": _EXHAUSTED,
    "psycopg_pool.PoolClosed": _LASTING,
}

MODULES: dict[str, Traits] = {
    name: Traits(kind=ErrorType.DATABASE_ERROR) for name in ("django.db", "psycopg", "psycopg2", "sqlite3")
}
