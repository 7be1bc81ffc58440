"""What an error is, how bad it is, and what can be done about it, from the names of its class.

Data in `tables/`, look-up in `lookup`. Needs neither Django nor any of the libraries whose exceptions it knows.
"""

from .classifier import ErrorClassifier
from .kinds import Classification, ErrorType
from .lookup import classify, classify_exception, retryable
from .severity import ErrorSeverity, severity_of, worst

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
