"""Put the families of all slices together: the one list of who has some."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from monitoring import __version__
from monitoring.alerts.deliveries.families import families as deliveries
from monitoring.alerts.families import families as alerts
from monitoring.analysis.families import families as analysis
from monitoring.conf import Config
from monitoring.errors.families import families as errors
from monitoring.health.families import families as health
from monitoring.intake.families import families as intake
from monitoring.jobs.families import families as jobs
from monitoring.journal.audit.families import families as journal
from monitoring.journal.lines import families as lines
from monitoring.journal.security import families as security
from monitoring.metrics import totals
from monitoring.metrics.families import chosen
from monitoring.metrics.families import families as metrics
from monitoring.metrics.labels import COUNTER
from monitoring.metrics.naming import Claims
from monitoring.performance.families import families as performance
from monitoring.performance.spans import families as spans
from monitoring.protection import families as protection
from monitoring.recovery.families import families as recovery
from monitoring.sinks.families import families as sinks

logger = logging.getLogger("monitoring.exposition")


def _counted(_config: Config) -> Iterator[Metric]:
    """Yield what processes left out, or could not look at; all of it is read at once."""
    counted = totals.counters(COUNTER, 0, (*security.COUNTED, *spans.COUNTED, *lines.COUNTED))
    yield from security.families(counted)
    yield from spans.families(counted)
    yield from lines.families(counted)


def _protection(_config: Config) -> Iterator[Metric]:
    """Yield what the protection did; of requests it is counted like anything that applications count."""
    yield from protection.families(totals.counters(COUNTER, 0, protection.COUNTED))


Source = Callable[[Config], Iterator[Metric]]
SOURCES: dict[str, Source] = {
    "metrics": metrics,
    "performance": performance,
    "jobs": jobs,
    "health": health,
    "intake": intake,
    "errors": errors,
    "alerts": alerts,
    "deliveries": deliveries,
    "protection": _protection,
    "counted": _counted,
    "analysis": analysis,
    "recovery": recovery,
    "sinks": sinks,
    "journal": journal,
}
"""Families whose names are fixed, by the slice that has them."""


def collect(config: Config) -> list[Metric]:
    """Return every family; where names clash, those of applications give way.

    Raises:
        DatabaseError, InterfaceError: The database cannot be read.
    """
    complete = GaugeMetricFamily(
        "enginel_metrics_complete", "Whether a part of the platform could say what it counts.", labels=("part",)
    )
    ours: list[Metric] = [
        InfoMetricFamily("enginel_build", "Which release answers.", {"version": __version__}),
        complete,
    ]
    for name, source in SOURCES.items():
        found = _read(name, source, config)
        complete.add_metric((name,), found is not None)
        ours += found or []
    claims = Claims(ours)
    shown = (*protection.COUNTED, *security.COUNTED, *spans.COUNTED, *lines.COUNTED)
    return ours + [claims.settle(family) for family in chosen(config, shown)]


def _read(name: str, source: Source, config: Config) -> list[Metric] | None:
    """Return a slice's families; None for one with a fault, which is no reason not to show the others."""
    try:
        return list(source(config))
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        logger.exception("the metrics of %s cannot be shown", name)
        return None
