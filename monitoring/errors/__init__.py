"""Errors: captured in requests, tasks and plain code, classified, grouped, and filed as known bugs."""

from .capture_service import ErrorCaptureService
from .tracker import ErrorTracker

__all__ = ["ErrorCaptureService", "ErrorTracker"]
