"""The documented home of `monitoring.classification`."""

from monitoring.classification import (
    Classification,
    ErrorClassifier,
    ErrorSeverity,
    ErrorType,
    classify,
    classify_exception,
    retryable,
    severity_of,
    worst,
)

__all__ = [
    "Classification",
    "ErrorClassifier",
    "ErrorSeverity",
    "ErrorType",
    "classify",
    "classify_exception",
    "retryable",
    "severity_of",
    "worst",
]
