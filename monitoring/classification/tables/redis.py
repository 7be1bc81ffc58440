"""redis-py, and the locks it makes."""

from __future__ import annotations

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits
from .documented import like

_CACHE = ErrorType.CACHE_ERROR
_DENIED = Traits("AuthenticationError", ErrorType.AUTHENTICATION_ERROR, retryable=False)
_MOVING = like("ServiceUnavailableError", kind=_CACHE, severity=ErrorSeverity.HIGH)

CLASSES: dict[str, Traits] = {
    "redis.exceptions.RedisError": Traits(kind=_CACHE, retryable=False),
    "redis.exceptions.ConnectionError": like("ConnectionError", kind=_CACHE),
    "redis.exceptions.BusyLoadingError": _MOVING,
    "redis.exceptions.MaxConnectionsError": Traits(kind=ErrorType.RESOURCE_ERROR),
    "redis.exceptions.AuthenticationError": _DENIED,
    "redis.exceptions.AuthorizationError": _DENIED,
    "redis.exceptions.TimeoutError": like("TimeoutError"),
    "redis.exceptions.ResponseError": Traits(severity=ErrorSeverity.MEDIUM),
    "redis.exceptions.NoPermissionError": Traits(kind=ErrorType.AUTHORIZATION_ERROR),
    "redis.exceptions.OutOfMemoryError": like("MemoryError", retryable=True),
    # What a failover looks like while it lasts.
    "redis.exceptions.ReadOnlyError": _MOVING,
    "redis.exceptions.MasterDownError": _MOVING,
    "redis.exceptions.ClusterDownError": _MOVING,
    "redis.exceptions.ClusterError": _MOVING,
    "redis.exceptions.TryAgainError": _MOVING,
    "redis.exceptions.MovedError": _MOVING,
    "redis.exceptions.AskError": _MOVING,
    "redis.exceptions.SlotNotCoveredError": _MOVING,
    "redis.exceptions.RedisClusterException": Traits(kind=_CACHE, retryable=False),
    "redis.exceptions.WatchError": Traits(kind=ErrorType.CONFLICT, retryable=True),
    "redis.exceptions.ExecAbortError": Traits(kind=ErrorType.CONFLICT),
    "redis.exceptions.LockError": Traits(kind=ErrorType.CONFLICT, retryable=True),
    "redis.exceptions.LockNotOwnedError": Traits(kind=ErrorType.CONFLICT, retryable=False),
    "redis.exceptions.DataError": Traits(kind=ErrorType.VALIDATION_ERROR, severity=ErrorSeverity.MEDIUM),
}

MODULES: dict[str, Traits] = {"redis": Traits(kind=_CACHE)}
