"""How the platform's components are: checked in the background, answered to probes from memory."""

from .checker import HealthChecker

__all__ = ["HealthChecker"]
