"""Put the families of all slices together: the one list of who has some."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import InfoMetricFamily

from monitoring import __version__
from monitoring.conf import Config
from monitoring.health.families import families as health
from monitoring.intake.families import families as intake
from monitoring.jobs.families import families as jobs
from monitoring.metrics.families import chosen
from monitoring.metrics.families import families as metrics
from monitoring.metrics.naming import Claims
from monitoring.performance.families import families as performance

SOURCES: tuple[Callable[[Config], Iterator[Metric]], ...] = (
    metrics,
    performance,
    jobs,
    health,
    intake,
)


def collect(config: Config) -> list[Metric]:
    """Return every family; where names clash, those of applications give way."""
    ours = [family for source in SOURCES for family in source(config)]
    ours.append(InfoMetricFamily("enginel_build", "Which release answers.", {"version": __version__}))
    claims = Claims(ours)
    return ours + [claims.settle(family) for family in chosen(config)]
