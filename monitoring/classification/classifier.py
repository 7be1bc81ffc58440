"""The classifier as an object, for those who pass one around."""

from __future__ import annotations

from .kinds import Classification
from .lookup import classify_exception


class ErrorClassifier:
    """Classifies exceptions by the one table; what was looked up once is remembered, within bounds.

    Args:
        environment: `production`, `staging` or `development`; that of this process unless given.
    """

    def __init__(self, environment: str | None = None) -> None:
        self.environment = environment

    def classify_error(self, exception: BaseException) -> Classification:
        """Return what is known of an exception."""
        return classify_exception(exception, environment=self.environment)
