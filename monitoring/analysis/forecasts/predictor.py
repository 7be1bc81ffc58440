"""`ErrorPredictor`, the documented face: which operations are likely to fail soon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from monitoring import remote

_MOST_LOGS = 10_000
_CHUNK = 1_000
_MOST_ASKED = 500
_COLUMNS = ("service", "name", "error_type", "created", "error_id")
_FEATURES = ("service", "kind", "name", "error_type")


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


@dataclass(frozen=True)
class _Forecast:
    """What is forecast of an operation, from wherever it was read."""

    service: str
    kind: str
    name: str
    starts: datetime
    ends: datetime
    probability: float
    base_rate: float
    brier: float
    base_brier: float
    situation: str


@dataclass
class _Errors:
    """The errors of one operation, of those that were given."""

    types: Counter[str] = field(default_factory=Counter)
    newest: tuple[str, str] = ("", "")

    def add(self, log: Any) -> None:
        self.types[_text(log, "error_type")] += 1
        self.newest = max(self.newest, (_text(log, "created") or _text(log, "timestamp"), _text(log, "error_id")))


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
        """Return what is expected in the window that runs, the most probable errors first.

        Operations of which forecasts do not beat the base rate are left out: nothing is known of them that would be
        worth acting on. So are those that did not run lately, and all of them when nobody has forecast for a while.
        Without Django, Enginel is asked for the 500 most probable.

        Args:
            features: What an operation has to be like, of `service`, `kind`, `name` and `error_type`; or several such,
                of which one has to match. Nothing, or an empty mapping, for all.

        Raises:
            ValueError: A feature is of another name.
            RemoteError: Without Django: Enginel could not be asked.
        """
        from .window import is_current

        wanted = _wanted(features)
        by_name = None if self.error_logs is None else _by_name(self.error_logs)
        found = []
        for one in _asked() if remote.wanted() else _stored():
            errors = _Errors() if by_name is None else _errors_of(one, by_name)
            if errors is None or not is_current(one.ends, datetime.now(UTC)):
                continue
            prediction = _prediction(one, errors)
            if any(all(getattr(prediction, name) == value for name, value in wish.items()) for wish in wanted):
                found.append(prediction)
        return found


def _stored() -> Iterator[_Forecast]:
    """Yield the forecasts that are worth something, the most probable errors first."""
    from .models import Forecast
    from .window import bounds

    for row in Forecast.objects.filter(useful=True).order_by("-probability", "name_id"):
        skill = (row.probability, row.base, row.squares, row.base_squares)
        yield _Forecast(row.service, row.of, row.name, *bounds(row.window), *skill, row.situation)


def _asked() -> Iterator[_Forecast]:
    """Yield the same as Enginel tells them."""
    for one in remote.get("api/monitoring/analysis/forecasts/", useful="true", limit=_MOST_ASKED)["results"]:
        starts, ends = (datetime.fromisoformat(one[name]) for name in ("starts", "ends"))
        skill = (one["error_probability"], one["base_rate"], one["brier"], one["base_brier"])
        yield _Forecast(one["service"], one["of"], one["name"], starts, ends, *skill, one["situation"])


def _wanted(features: Mapping[str, Any] | Iterable[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    wanted: list[Mapping[str, Any]] = [features] if isinstance(features, Mapping) else list(features or ())
    unknown = sorted({str(name) for one in wanted for name in one} - set(_FEATURES))
    if unknown:
        raise ValueError(f"There are no features {', '.join(unknown)}; there are {', '.join(_FEATURES)}.")
    return wanted or [{}]


def _by_name(logs: Iterable[Any]) -> dict[tuple[str, str], _Errors]:
    """Put errors together by service and name."""
    found: dict[tuple[str, str], _Errors] = {}
    for log in islice(_without_payloads(logs), _MOST_LOGS):
        found.setdefault((_text(log, "service"), _text(log, "name")), _Errors()).add(log)
    return found


def _without_payloads(logs: Iterable[Any]) -> Iterable[Any]:
    """Read no tracebacks where the logs are still to be read, which only a query of whole rows can leave out."""
    try:
        rows: Iterable[Any] = logs.only(*_COLUMNS).iterator(_CHUNK)  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        return logs
    return rows


def _errors_of(forecast: _Forecast, by_name: Mapping[tuple[str, str], _Errors]) -> _Errors | None:
    """Return the errors of a series; those that name no service are of every one."""
    return by_name.get((forecast.service, forecast.name)) or by_name.get(("", forecast.name))


def _text(log: Any, name: str) -> str:
    value = log.get(name) if isinstance(log, Mapping) else getattr(log, name, None)
    return value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)


def _prediction(one: _Forecast, errors: _Errors) -> Prediction:
    common = errors.types.most_common(1)
    return Prediction(
        error_probability=one.probability,
        base_rate=one.base_rate,
        service=one.service,
        kind=one.kind,
        name=one.name,
        starts=one.starts,
        ends=one.ends,
        brier=one.brier,
        base_brier=one.base_brier,
        error_type=common[0][0] if common else "",
        error_id=errors.newest[1],
        says=f"{one.name} fails from {one.starts:%H:%M} to {one.ends:%H:%M} UTC with a probability of "
        f"{one.probability * 100:.0f} % ({one.situation}); it does in {one.base_rate * 100:.0f} % of windows.",
    )
