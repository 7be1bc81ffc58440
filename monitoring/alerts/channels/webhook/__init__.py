"""Signed JSON for programs, in versions: what `schema.json` describes stays as it is within one."""

from .channel import KIND, WebhookChannel

__all__ = ["KIND", "WebhookChannel"]
