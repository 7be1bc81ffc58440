"""Every service that the library Apprise knows, by its URL."""

from .channel import KIND, AppriseChannel

__all__ = ["KIND", "AppriseChannel"]
