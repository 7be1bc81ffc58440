from __future__ import annotations

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
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"}, REMOTE_ADDR="198.51.100.1")


@pytest.fixture
def browser(admin: Any) -> Client:
    """A client with an admin's session."""
    client = Client(REMOTE_ADDR="198.51.100.1")
    client.force_login(admin)
    return client
