"""E-mail through Django's mail backend, as HTML and as text."""

from .channel import KIND, EmailChannel

__all__ = ["KIND", "EmailChannel"]
