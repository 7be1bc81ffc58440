"""The documented address of the services of errors: a face, without logic."""

from .bugs.services import BugCreationService
from .capture_service import ErrorCaptureService

__all__ = ["BugCreationService", "ErrorCaptureService"]
