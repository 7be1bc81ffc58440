"""Which hours nothing is learned from: those in which an anomaly of a series, or an incident about it, was open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q

from monitoring.alerts.incidents.models import Incident

from .hours import HOUR
from .kinds import Ending, State
from .models import Anomaly

_MOST = 5_000
"""Incidents, and anomalies, that are looked at; the newest ones."""


class Series(NamedTuple):
    """What a baseline is about."""

    of: str
    service: str
    name: str


class _Span(NamedTuple):
    """From and to, in epoch minutes; whole hours are left out that it touches."""

    first: float
    end: float


class Trouble:
    """When something was wrong with which series."""

    def __init__(self, since: datetime, now: datetime) -> None:
        """Read what was wrong since some time."""
        self._now = now
        self._of_series: dict[Series, list[_Span]] = defaultdict(list)
        self._accepted: dict[Series, float] = {}
        self._of_names: dict[str, list[tuple[str, _Span]]] = defaultdict(list)
        self._of_services: dict[str, list[_Span]] = defaultdict(list)
        self._add_anomalies(since)
        self._add_incidents(since)

    def since(self, series: Series) -> int:
        """Return the epoch minute at which the present time of a series began; 0 for ever."""
        return int(self._accepted.get(series, 0))

    def frozen(self, series: Series) -> Callable[[int], bool]:
        """Return whether something was wrong in the hour that begins at an epoch minute."""
        spans = [*self._of_series.get(series, ()), *self._of_services.get(series.service, ())]
        spans += [span for service, span in self._of_names.get(series.name, ()) if service in ("", series.service)]

        def is_frozen(hour: int) -> bool:
            return any(span.first < hour + HOUR and hour < span.end for span in spans)

        return is_frozen

    def _add_anomalies(self, since: datetime) -> None:
        rows = Anomaly.objects.exclude(state=State.SUSPECTED).filter(Q(closed=None) | Q(closed__gt=since))
        columns = ("of", "service", "name", "started", "closed", "ending")
        for of, service, name, started, closed, ending in rows.order_by("-started").values_list(*columns)[:_MOST]:
            series = Series(of, service, name)
            if ending == Ending.ACCEPTED:
                self._accepted[series] = max(_minute(started), self._accepted.get(series, 0))
            else:
                self._of_series[series].append(self._span(started, closed))

    def _add_incidents(self, since: datetime) -> None:
        rows = Incident.objects.filter(Q(resolved=None) | Q(resolved__gt=since), fired__isnull=False)
        columns = ("labels", "started", "resolved")
        for labels, started, resolved in rows.order_by("-started").values_list(*columns)[:_MOST]:
            span = self._span(started, resolved)
            service, names = _about(labels)
            for name in names:
                self._of_names[name].append((service, span))
            if service and not names:
                self._of_services[service].append(span)

    def _span(self, started: datetime, ended: datetime | None) -> _Span:
        return _Span(_minute(started), _minute(ended or self._now + timedelta(hours=1)))


def _about(labels: Any) -> tuple[str, Iterable[str]]:
    """Return the service that labels name, and whatever else they name."""
    named = {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}
    service = named.pop("service", "")
    return service, list(named.values())


def _minute(moment: datetime) -> float:
    return moment.timestamp() / 60
