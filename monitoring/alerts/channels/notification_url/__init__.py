"""The documented endpoint `SLACK_NOTIFICATION_URL`, which tells people by itself."""

from .channel import KIND, NotificationUrlChannel

__all__ = ["KIND", "NotificationUrlChannel"]
