"""What of the requests to a project is Enginel's own: probes and scrapers, which are no evidence of anything."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.urls import get_urlconf

from monitoring.access import probes
from monitoring.recording import visits


def connect() -> None:
    """Let the watch disregard them from now on."""
    visits.disregard(paths)


def paths() -> frozenset[str]:
    """Return where the project has put them, by the URLs that are loaded."""
    return _paths(get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=8)
def _paths(_urls: str) -> frozenset[str]:
    return probes.paths(*probes.PROBES, probes.SCRAPED)
