"""The documented keys say of which routes no fix is asked for again, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitoring.protection.keys.patches import write
from tests.protection.notices.making import ROUTE, ask

pytestmark = pytest.mark.django_db

KEY = f"codex_triggered:route:{ROUTE}"


@pytest.fixture(autouse=True)
def asked(settings: Any) -> None:
    settings.CODEX_TRIGGER_URL = "http://127.0.0.1:1/"
    settings.CODEX_TRIGGER_COOLDOWN_SECONDS = 600
    assert ask(at=datetime.now(UTC))


def test_a_route_has_its_key_until_it_is_asked_again(redis_client: Any) -> None:
    assert write(redis_client) == 1
    assert redis_client.get(KEY) == b"True"
    assert 590 < redis_client.ttl(KEY) <= 600
    assert write(redis_client, datetime.now(UTC) + timedelta(hours=1)) == 0


def test_who_deletes_it_gets_it_back_and_asks_nobody(redis_client: Any) -> None:
    write(redis_client)
    redis_client.delete(KEY)
    assert not ask(at=datetime.now(UTC))
    write(redis_client)
    assert redis_client.exists(KEY)
