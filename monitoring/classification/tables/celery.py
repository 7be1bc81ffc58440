"""Celery, its pool (billiard), and its transports (kombu, amqp)."""

from __future__ import annotations

from ..kinds import ErrorType
from ..severity import ErrorSeverity
from ..traits import Traits
from .documented import like

_QUEUE = ErrorType.QUEUE_ERROR
_BROKER = like("ConnectionError", kind=_QUEUE)
_LASTING = Traits(kind=_QUEUE, severity=ErrorSeverity.MEDIUM, retryable=False)
_MESSAGE = Traits("ValidationError", ErrorType.VALIDATION_ERROR, ErrorSeverity.MEDIUM, retryable=False)
_SETUP = Traits(kind=ErrorType.CONFIGURATION_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
_SECURITY = Traits(kind=ErrorType.SECURITY_ERROR, severity=ErrorSeverity.MEDIUM, retryable=False)
_RESOURCE = Traits(kind=ErrorType.RESOURCE_ERROR, severity=ErrorSeverity.HIGH, retryable=True)

CLASSES: dict[str, Traits] = {
    "celery.exceptions.CeleryError": Traits(kind=_QUEUE, retryable=False),
    "celery.exceptions.TimeoutError": like("TimeoutError"),
    "celery.exceptions.ImproperlyConfigured": _SETUP,
    "celery.exceptions.SecurityError": _SECURITY,
    "celery.exceptions.NotRegistered": _SETUP,
    "celery.exceptions.QueueNotFound": _SETUP,
    "celery.exceptions.InvalidTaskError": _MESSAGE,
    "celery.exceptions.MaxRetriesExceededError": _LASTING,
    "celery.exceptions.ChordError": _LASTING,
    "celery.exceptions.Retry": Traits(retryable=True),
    "celery.exceptions.BackendError": Traits(kind=_QUEUE, severity=ErrorSeverity.HIGH, retryable=True),
    # The one limit says that the work takes too long here; that it was interrupted says nothing of the next attempt.
    "billiard.exceptions.SoftTimeLimitExceeded": like("TimeoutError"),
    "billiard.exceptions.TimeLimitExceeded": like("TimeoutError"),
    "billiard.exceptions.WorkerLostError": like(
        "ServiceUnavailableError", kind=ErrorType.RESOURCE_ERROR, severity=ErrorSeverity.HIGH
    ),
    "billiard.exceptions.Terminated": Traits(kind=_QUEUE, retryable=False),
    "billiard.exceptions.RestartFreqExceeded": _RESOURCE,
    "multiprocessing.context.TimeoutError": like("TimeoutError"),
    "kombu.exceptions.KombuError": Traits(kind=_QUEUE, retryable=False),
    "kombu.exceptions.OperationalError": _BROKER,
    "kombu.exceptions.LimitExceeded": _RESOURCE,
    "kombu.exceptions.SerializationError": _MESSAGE,
    "kombu.exceptions.SerializerNotInstalled": _SETUP,
    "kombu.exceptions.ContentDisallowed": _SECURITY,
    "kombu.exceptions.VersionMismatch": _SETUP,
    "kombu.exceptions.InconsistencyError": _BROKER,
    "amqp.exceptions.AMQPError": Traits(kind=_QUEUE, severity=ErrorSeverity.HIGH, retryable=False),
    "amqp.exceptions.ConnectionError": _BROKER,
    "amqp.exceptions.IrrecoverableConnectionError": Traits(retryable=False),
    "amqp.exceptions.RecoverableChannelError": Traits(retryable=True),
    "amqp.exceptions.RecoverableConnectionError": Traits(retryable=True),
    "amqp.exceptions.ResourceError": _RESOURCE,
    "amqp.exceptions.AccessRefused": Traits("AuthenticationError", ErrorType.AUTHENTICATION_ERROR, retryable=False),
    "amqp.exceptions.MessageNacked": Traits(kind=_QUEUE, severity=ErrorSeverity.HIGH, retryable=True),
}

MODULES: dict[str, Traits] = {name: Traits(kind=_QUEUE) for name in ("celery", "kombu", "amqp", "billiard")}
