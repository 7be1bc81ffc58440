from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command


@pytest.fixture(autouse=True)
def no_admin_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)


@pytest.fixture
def admin(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.fixture
def create() -> Callable[..., str]:
    """Run `create_admin_token` and return what it prints."""

    def run(user: str = "admin", **options: Any) -> str:
        output = StringIO()
        call_command("create_admin_token", user=user, stdout=output, **options)
        return output.getvalue().strip()

    return run
