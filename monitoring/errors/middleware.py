"""The documented `ErrorCaptureMiddleware`: a face of recording's middleware that records errors and nothing else.

Below `monitoring.recording.middleware.MonitoringMiddleware`, which records them too, it leaves them to it.
"""

from monitoring.recording.middleware import ErrorTrackingMiddleware as ErrorCaptureMiddleware

__all__ = ["ErrorCaptureMiddleware"]
