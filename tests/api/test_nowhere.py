"""Addresses of ours that do not exist answer in our error format."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("path", ["", "nothing/", "dead-letters/x/replay/", "../etc/", "%00/"])
def test_what_does_not_exist_is_a_problem_of_its_own(api: Any, method: str, path: str) -> None:
    answer = getattr(api, method)(f"/api/monitoring/{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "There is nothing at this address."


def test_strangers_are_told_nothing_about_what_exists() -> None:
    assert Client().get("/api/monitoring/nothing/").status_code == 401


def test_a_missing_slash_is_still_added(api: Any) -> None:
    answer = api.get("/api/monitoring/findings?limit=1")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/api/monitoring/findings/?limit=1")
