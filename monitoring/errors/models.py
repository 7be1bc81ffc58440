"""The documented address of the models of errors: a face, without logic."""

from .bugs.models import KnownBug
from .groups.models import ErrorGroup
from .log.models import ErrorLog

__all__ = ["ErrorGroup", "ErrorLog", "KnownBug"]
