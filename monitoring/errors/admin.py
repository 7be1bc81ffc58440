"""The admin pages of errors, for Django to find."""

from .groups.admin import ErrorGroupAdmin
from .log.admin import ErrorLogAdmin

__all__ = ["ErrorGroupAdmin", "ErrorLogAdmin"]
