from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens
from monitoring.error_tracking import get_error_tracking


@pytest.fixture
def staff(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.fixture
def api(staff: Any) -> Client:
    return Client(headers={"authorization": f"Bearer {tokens.issue(staff, 1)}"}, raise_request_exception=False)


@pytest.fixture(autouse=True)
def fresh_tracking() -> Any:
    yield
    get_error_tracking.cache_clear()
