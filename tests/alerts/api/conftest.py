from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens


@pytest.fixture
def api(db: None) -> Client:
    """A client that carries an admin token."""
    admin: Any = get_user_model().objects.create_superuser("ada", password=None)
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"})
