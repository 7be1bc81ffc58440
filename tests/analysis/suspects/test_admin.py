from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from monitoring.analysis.releases import retention
from monitoring.analysis.releases.marking import Deployment, mark
from monitoring.analysis.releases.models import ReleaseMark
from tests.api.conftest import admin

from .test_finding import at, errors, group

__all__ = ["admin"]
pytestmark = pytest.mark.django_db


def test_the_page_of_a_group_shows_what_is_concluded(client: Client, admin: Any) -> None:
    client.force_login(admin)
    broken, other = group(), group("GET api/home/")
    errors(broken, 20, release="<2.0>")
    errors(other, 30, release="1.9")
    mark(Deployment("shop", "production", "<2.0>", at(-4)), "ci")

    page = client.get(f"/admin/monitoring/errorgroup/{broken.pk}/change/").content.decode()
    assert "It began 4 minutes after release &lt;2.0&gt;." in page
    assert "release &lt;2.0&gt;: 100% of them, 0% of the service&#x27;s other errors (never there)" in page
    assert f'href="/api/monitoring/analysis/suspects/groups/{broken.pk}/"' in page
    few = client.get(f"/admin/monitoring/errorgroup/{group().pk}/change/").content.decode()
    assert "Too few to judge by: 0, of at least 10." in few
    assert client.get("/admin/monitoring/releasemark/").status_code == 200


def test_marks_are_forgotten_after_400_days() -> None:
    now = datetime.now(UTC)
    for days in (401, 399):
        mark(Deployment("shop", "production", str(days), now - timedelta(days=days)), "ci")

    assert retention.prune(now) == 1
    assert [one.release for one in ReleaseMark.objects.all()] == ["399"]
