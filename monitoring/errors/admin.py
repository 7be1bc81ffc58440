"""The admin pages of errors, for Django to find."""

from .log.admin import ErrorLogAdmin

__all__ = ["ErrorLogAdmin"]
