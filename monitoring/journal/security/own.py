"""What of the requests to a project is Enginel's own: probes and scrapers, which are no evidence of anything."""

from __future__ import annotations

from functools import lru_cache

from monitoring.access import probes
from monitoring.recording import visits


def connect() -> None:
    """Let the watch disregard them from now on."""
    visits.disregard(paths)


@lru_cache(maxsize=1)
def paths() -> frozenset[str]:
    """Return where the project has put them; asked for at the first request, when the URLs are loaded."""
    return probes.paths(*probes.PROBES, probes.SCRAPED)
