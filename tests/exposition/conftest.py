from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from monitoring.access import tokens
from monitoring.exposition.view import answers
from monitoring.jobs import sight

URL = "/metrics"
TOKEN = "a-token-for-scrapers-only"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def fresh(settings: Any) -> None:
    """Leave the requests of the tests themselves out, and let nothing be read twice by chance."""
    settings.MONITORING = {**settings.MONITORING, "METRICS_TOKEN": TOKEN, "METRICS_CACHE_SECONDS": 3600.0}
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("MonitoringMiddleware")]
    answers.forget()
    sight.forget()


@pytest.fixture
def configure(settings: Any) -> Callable[..., None]:
    """Change keys of `MONITORING`."""

    def change(**values: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, **values}

    return change


@pytest.fixture
def admin(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.fixture
def bearer(admin: Any) -> str:
    return f"Bearer {tokens.issue(admin, 1)}"


def scrape(**headers: str) -> Any:
    """Ask as a scraper that has the token does, for what is true now."""
    answers.forget()
    return scrape_again(**headers)


def scrape_again(**headers: str) -> Any:
    """Ask once more, within the lifetime of what was read before."""
    return Client().get(URL, headers={"Authorization": f"Bearer {TOKEN}", **headers})


def parsed(text: str) -> Samples:
    """Every sample by name and labels; a series that is there twice is an error."""
    families = open_families(text) if text.endswith("# EOF\n") else plain_families(text)
    found: Samples = {}
    for family in families:
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} is there twice"
            found[key] = sample.value
    return found


@pytest.fixture
def samples(db: None) -> Callable[[], Samples]:
    """What a scrape returns, the same in both formats."""

    def read() -> Samples:
        plain, opened = scrape(), scrape_again(Accept="application/openmetrics-text")
        assert plain.status_code == opened.status_code == 200
        found = parsed(plain.content.decode())
        assert found == parsed(opened.content.decode())
        return found

    return read


def series(found: Samples, name: str, /, **labels: str) -> float:
    return found[name, frozenset(labels.items())]
