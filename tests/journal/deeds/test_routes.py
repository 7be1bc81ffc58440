"""No route of the API that writes leaves no entry in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, URLResolver

from monitoring import urls
from monitoring.access import tokens
from monitoring.jobs.actions.kinds import KINDS
from monitoring.journal.audit.models import PendingEntry

from .scenes import SCENES

CHANGE_NOTHING = {
    ("test-error", "post"): "raises an error on purpose",
    ("alert-rule-try", "post"): "evaluates a rule without storing it",
}
TOLD_ELSEWHERE = {
    ("replay", "post"): "test_deeds.py",
    **{(name, "post"): "test_an_action_on_tasks_and_workers_is_told" for name in KINDS},
}


def writing(patterns: Any = urls.urlpatterns) -> Iterator[tuple[str, str]]:
    """The names of all routes with the methods by which they write."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from writing(one.url_patterns)
        elif isinstance(one, URLPattern):
            view = getattr(one.callback, "view_class", None)
            for method in ("post", "put", "patch", "delete"):
                if hasattr(view, method):
                    yield str(one.name), method


@pytest.fixture
def bearer(db: None) -> Client:
    admin = get_user_model().objects.create_superuser("ada", password=None)
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"}, REMOTE_ADDR="198.51.100.9")


def test_every_route_that_writes_is_tried_here_or_changes_nothing() -> None:
    assert set(writing()) == SCENES.keys() | CHANGE_NOTHING.keys() | TOLD_ELSEWHERE.keys()


@pytest.mark.parametrize(("name", "method"), sorted(SCENES), ids=lambda value: value)
@pytest.mark.usefixtures("redis_client")
def test_what_a_route_writes_is_told_in_the_journal(bearer: Client, name: str, method: str) -> None:
    path, body = SCENES[(name, method)]()
    PendingEntry.objects.all().delete()
    response = getattr(bearer, method)(
        path if path.startswith("/") else f"/api/monitoring/{path}", body, content_type="application/json"
    )
    assert response.status_code < 300, response.content
    found = PendingEntry.objects.filter(stream="audit").exclude(action__startswith="token.").first()
    assert found is not None, "it left no entry"
    if name != "act":
        assert (found.actor, found.client, found.user_id != "", found.token != "") == (
            "ada",
            "198.51.100.9",
            True,
            True,
        )
