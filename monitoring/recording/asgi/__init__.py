"""Recording, protection and answers about errors for FastAPI, Starlette and every other ASGI application.

Pure ASGI: nothing is buffered, nothing runs in a task of its own, websockets and lifespan pass. Neither Django nor
Starlette is needed; what they leave in the scope is read.
"""

from .factories import (
    create_error_handling_middleware,
    create_error_monitoring_middleware,
    create_logging_middleware,
)
from .health import health_app, health_route
from .http_exceptions import DatabaseError, HttpError, ValidationError
from .middlewares import EnginelMiddleware, ErrorHandlingMiddleware, ErrorMonitoringMiddleware, LoggingMiddleware
from .performance import PerformanceMonitor
from .request import AsgiRequest

__all__ = [
    "AsgiRequest",
    "DatabaseError",
    "EnginelMiddleware",
    "ErrorHandlingMiddleware",
    "ErrorMonitoringMiddleware",
    "HttpError",
    "LoggingMiddleware",
    "PerformanceMonitor",
    "ValidationError",
    "create_error_handling_middleware",
    "create_error_monitoring_middleware",
    "create_logging_middleware",
    "health_app",
    "health_route",
]
