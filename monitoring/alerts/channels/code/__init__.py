"""Functions of the project that were registered with `ErrorAlertingSystem.add_alert_channel`."""

from .channel import CodeChannel

__all__ = ["CodeChannel"]
