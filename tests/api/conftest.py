from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens


@pytest.fixture
def admin(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.fixture
def api(admin: Any) -> Client:
    """A client that carries an admin token."""
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"})


@pytest.fixture
def plain_static_files(settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def now_ns() -> int:
    return time.time_ns()
